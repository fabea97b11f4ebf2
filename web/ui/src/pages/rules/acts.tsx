import { useSignal } from '@preact/signals'
import { Problem } from '../../http.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { NeedRole } from '../../parts/notes.tsx'
import { trouble } from '../../parts/trouble.ts'
import { go } from '../../router.ts'
import { can, words } from '../../state.ts'
import { accept, differs, draft, isNew, loadBase, remove, reset } from './desk.ts'
import { chosen, entryOf, loadRules } from './state.ts'
import { tried } from './trial.ts'

type Asking = 'accept' | 'restore' | 'delete'

/** Puts the draft in force, drops it, or takes an edit away. */
export function Acts() {
  const w = words.value
  const asking = useSignal<Asking | null>(null)
  const done = useSignal(false)
  const entry = entryOf(chosen.value ?? '')
  const edited = entry?.source === 'api' ? (entry.overrides ? 'restore' : 'delete') : null
  const state = isNew.value ? 'draft.is_new' : differs.value ? 'draft.differs' : 'draft.same'
  return (
    <div class="draft-acts">
      <p class="note" role="status">
        {done.value && !differs.value ? w.t('draft.accepted') : w.t(state)}
      </p>
      <NeedRole need="admin" what={w.t('rules.what')} />
      {differs.value && !isNew.value && (
        <button type="button" class="quiet" onClick={reset}>
          {w.t('draft.reset')}
        </button>
      )}
      {can('admin') && edited && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            asking.value = edited
          }}
        >
          {w.t(`draft.${edited}`)}
        </button>
      )}
      {can('admin') && (
        <button
          type="button"
          class="main"
          disabled={!differs.value || !draft.value}
          onClick={() => {
            asking.value = 'accept'
          }}
        >
          {w.t('draft.accept')}
        </button>
      )}
      {asking.value && (
        <Sure
          act={asking.value}
          onClose={(did) => {
            done.value = did && asking.peek() === 'accept'
            asking.value = null
          }}
        />
      )}
    </div>
  )
}

function Sure({ act, onClose }: { act: Asking; onClose: (did: boolean) => void }) {
  const w = words.value
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const id = chosen.value ?? ''
  const doIt = async () => {
    busy.value = true
    failed.value = null
    try {
      await perform(act)
      onClose(true)
    } catch (err) {
      failed.value = err
      // Somebody was quicker: from now on the draft stands against what he made.
      if (isConflict(err)) loadBase(true)
    }
    busy.value = false
  }
  const hint = act === 'accept' && !tried.value ? ` ${w.t('draft.accept_untried')}` : ''
  return (
    <Confirm
      title={w.t(`draft.${act}_sure`, { id })}
      hint={w.t(`draft.${act}_hint`) + hint}
      act={w.t(`draft.${act}`)}
      grave={act === 'delete'}
      error={failed.value ? said(failed.value) : undefined}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={() => onClose(false)}
    />
  )
}

function said(err: unknown): string {
  const w = words.peek()
  if (isConflict(err)) return w.t('draft.conflict')
  const { text, detail } = trouble(err)
  return `${w.t(text)} ${detail}`
}

function isConflict(err: unknown): boolean {
  return err instanceof Problem && err.status === 412
}

async function perform(act: Asking): Promise<void> {
  if (act === 'accept') return accept()
  await remove()
  loadRules()
  if (act === 'restore') loadBase()
  else go('rules')
}
