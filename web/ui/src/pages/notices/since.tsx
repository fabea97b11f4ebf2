import { useSignal } from '@preact/signals'
import { Dialog } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { fromLocal, toLocal } from '../../parts/zone.ts'
import { present, words } from '../../state.ts'

interface SinceProps {
  perform: (at: string) => Promise<number>
  /** How many are queued; null when nothing was asked for. */
  onClose: (queued: number | null) => void
}

const HOUR = 3_600_000

/** Asks since when everything is sent again. */
export function Since({ perform, onClose }: SinceProps) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const at = fromLocal(String(new FormData(e.currentTarget).get('at') ?? ''))
    if (at === null || at > Date.now()) {
      told.value = w.t('deliveries.since_bad')
      return
    }
    busy.value = true
    try {
      onClose(await perform(new Date(at).toISOString()))
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = `${w.t(text)} ${detail}`
      busy.value = false
    }
  }
  return (
    <Dialog title={w.t('deliveries.since')} onClose={() => onClose(null)}>
      <form class="form" onSubmit={onSubmit} noValidate>
        <p class="note">{w.t('deliveries.since_hint')}</p>
        <label>
          {w.t('deliveries.since_at')}
          <input name="at" type="datetime-local" defaultValue={toLocal(present.peek() - HOUR).slice(0, 16)} />
        </label>
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={() => onClose(null)}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {w.t('deliveries.again')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
