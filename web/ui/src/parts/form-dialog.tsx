import type { ComponentChildren } from 'preact'
import { words } from '../state.ts'
import type { Attempt } from './attempt.ts'
import { Dialog } from './dialog.tsx'

interface FormProps extends Pick<Attempt, 'told' | 'busy'> {
  title: string
  /** The word on the button that sends the form. */
  act: string
  /** The form's own checks replace the browser's. */
  noValidate?: boolean
  onSubmit: (e: SubmitEvent & { currentTarget: HTMLFormElement }) => void
  onClose: () => void
  children: ComponentChildren
}

/** A dialog that is a form: its fields, what stood in the way, and the two ways out. */
export function FormDialog({ title, act, told, busy, noValidate = false, onSubmit, onClose, children }: FormProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={onSubmit} noValidate={noValidate}>
        {children}
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {words.value.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {act}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
