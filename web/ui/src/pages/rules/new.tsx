import { useSignal } from '@preact/signals'
import { Dialog } from '../../parts/dialog.tsx'
import { go } from '../../router.ts'
import { words } from '../../state.ts'
import { entryOf } from './state.ts'

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Asks for the id of a new rule: it stands in every alert, so it is chosen first and stays. */
export function NewRule({ onClose }: { onClose: () => void }) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const onSubmit = (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const id = String(new FormData(e.currentTarget).get('id') ?? '').trim()
    if (!ID.test(id)) {
      told.value = w.t('rules.id_bad')
      return
    }
    if (entryOf(id)) {
      told.value = w.t('rules.id_taken')
      return
    }
    onClose()
    go('rules', { rule: id, new: '1' })
  }
  return (
    <Dialog title={w.t('rules.new')} onClose={onClose}>
      <form class="form" onSubmit={onSubmit} noValidate>
        <label>
          <span>
            {w.t('rules.id')} <small>{w.t('rules.id_hint')}</small>
          </span>
          <input name="id" required spellcheck={false} autocapitalize="off" autocomplete="off" autofocus />
        </label>
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main">
            {w.t('rules.make_draft')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
