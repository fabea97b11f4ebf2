import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { words } from '../state.ts'

interface DialogProps {
  title: string
  onClose: () => void
  children: ComponentChildren
  /** What must not be dismissed by a slip, such as a password that is shown once, closes by its button only. */
  firm?: boolean
  wide?: boolean
}

/** A modal dialog. The browser keeps the focus inside, gives it back afterwards, and closes on Escape. */
export function Dialog({ title, onClose, children, firm = false, wide = false }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null)
  const name = useId()
  useEffect(() => {
    const dialog = box.current
    const before = document.activeElement
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={box}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={name}
      onCancel={(e) => {
        e.preventDefault()
        if (!firm) onClose()
      }}
    >
      <div class="dialog-head">
        <h2 id={name}>{title}</h2>
        {!firm && (
          <button type="button" class="quiet icon" aria-label={words.value.t('act.close')} onClick={onClose}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M5 5l14 14M19 5L5 19" />
            </svg>
          </button>
        )}
      </div>
      {children}
    </dialog>
  )
}

interface ConfirmProps {
  title: string
  hint: string
  act: string
  grave?: boolean
  error?: string | null | undefined
  busy: boolean
  onYes: () => void
  onNo: () => void
}

/** Asks before something that cannot be taken back at once. The safe answer has the focus. */
export function Confirm({ title, hint, act, grave = false, error, busy, onYes, onNo }: ConfirmProps) {
  const w = words.value
  return (
    <Dialog title={title} onClose={onNo}>
      <p>{hint}</p>
      {error && <p role="alert">{error}</p>}
      <div class="dialog-acts">
        <button type="button" class="quiet" autofocus onClick={onNo}>
          {w.t('act.cancel')}
        </button>
        <button type="button" class={grave ? 'main grave' : 'main'} disabled={busy} onClick={onYes}>
          {act}
        </button>
      </div>
    </Dialog>
  )
}
