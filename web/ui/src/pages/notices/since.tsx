import { useAttempt } from '../../parts/attempt.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
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
  const { told, busy, attempt } = useAttempt()
  const onSubmit = (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const at = fromLocal(String(new FormData(e.currentTarget).get('at') ?? ''))
    if (at === null || at > Date.now()) {
      told.value = w.t('deliveries.since_bad')
      return
    }
    void attempt(async () => onClose(await perform(new Date(at).toISOString())))
  }
  return (
    <FormDialog
      title={w.t('deliveries.since')}
      act={w.t('deliveries.again')}
      told={told}
      busy={busy}
      noValidate
      onSubmit={onSubmit}
      onClose={() => onClose(null)}
    >
      <p class="note">{w.t('deliveries.since_hint')}</p>
      <label>
        {w.t('deliveries.since_at')}
        <input name="at" type="datetime-local" defaultValue={toLocal(present.peek() - HOUR).slice(0, 16)} />
      </label>
    </FormDialog>
  )
}
