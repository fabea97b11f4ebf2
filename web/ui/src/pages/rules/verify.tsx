import { useAttempt } from '../../parts/attempt.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
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
  const { told, busy, attempt } = useAttempt()
  const onSubmit = (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const who = String(new FormData(e.currentTarget).get('who') ?? '')
    void attempt(async () => {
      await verify(s.id, who)
      onClose()
    })
  }
  return (
    <FormDialog
      title={w.t('limits.verify_title', { reference: s.reference })}
      act={w.t('limits.verify')}
      told={told}
      busy={busy}
      onSubmit={onSubmit}
      onClose={onClose}
    >
      <p class="note">{w.t('limits.verify_hint')}</p>
      <label>
        {w.t('limits.verify_who')}
        <input name="who" required maxLength={120} autocomplete="name" autofocus />
      </label>
    </FormDialog>
  )
}

export function Unverify({ set: s, onClose }: AskProps) {
  const w = words.value
  const { told, busy, attempt } = useAttempt()
  const doIt = () =>
    attempt(async () => {
      await unverify(s.id)
      onClose()
    })
  return (
    <Confirm
      title={w.t('limits.unverify_sure', { reference: s.reference })}
      hint={w.t('limits.unverify_hint')}
      act={w.t('limits.unverify')}
      error={told.value}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}
