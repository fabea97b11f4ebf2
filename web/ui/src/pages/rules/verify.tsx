import { useSignal } from '@preact/signals'
import { Confirm, Dialog } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { LimitSet } from '../../wire-rules.ts'
import { unverify, verify } from './law.ts'

interface AskProps {
  set: LimitSet
  onClose: () => void
}

/** Who compared a set with the official text: the name is what an alert is defended with. */
export function Verify({ set: s, onClose }: AskProps) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const who = String(new FormData(e.currentTarget).get('who') ?? '')
    busy.value = true
    try {
      await verify(s.id, who)
      onClose()
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = `${w.t(text)} ${detail}`
    }
    busy.value = false
  }
  return (
    <Dialog title={w.t('limits.verify_title', { reference: s.reference })} onClose={onClose}>
      <form class="form" onSubmit={onSubmit}>
        <p class="note">{w.t('limits.verify_hint')}</p>
        <label>
          {w.t('limits.verify_who')}
          <input name="who" required maxLength={120} autocomplete="name" autofocus />
        </label>
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {w.t('limits.verify')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

export function Unverify({ set: s, onClose }: AskProps) {
  const w = words.value
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const doIt = async () => {
    busy.value = true
    try {
      await unverify(s.id)
      onClose()
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const problem = failed.value ? trouble(failed.value) : null
  return (
    <Confirm
      title={w.t('limits.unverify_sure', { reference: s.reference })}
      hint={w.t('limits.unverify_hint')}
      act={w.t('limits.unverify')}
      error={problem ? `${w.t(problem.text)} ${problem.detail}` : undefined}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}
