import { useSignal, useSignalEffect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import { place } from '../router.ts'
import { words } from '../state.ts'

interface MoreProps {
  /** The page that is shown is one of these. */
  inside: boolean
  children: ComponentChildren
}

/** The pages behind one press. A choice, Escape and a focus that goes elsewhere close it. */
export function More({ inside, children }: MoreProps) {
  const open = useSignal(false)
  const box = useRef<HTMLLIElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const list = useId()
  const close = () => {
    open.value = false
  }
  useSignalEffect(() => {
    void place.value
    close()
  })
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key !== 'Escape' || !open.peek()) return
    e.stopPropagation()
    close()
    button.current?.focus()
  }
  const onFocusOut = (e: FocusEvent) => {
    // Without a target the window lost the focus, or what was pressed takes none: the press itself decides.
    if (e.relatedTarget instanceof Node && !box.current?.contains(e.relatedTarget)) close()
  }
  return (
    <li ref={box} class={inside ? 'nav-more inside' : 'nav-more'} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <button
        ref={button}
        type="button"
        aria-expanded={open.value}
        aria-controls={list}
        onClick={() => {
          open.value = !open.value
        }}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M5 12h.1M12 12h.1M19 12h.1" />
        </svg>
        <span>{words.value.t('nav.more')}</span>
      </button>
      {open.value && <div class="nav-shade" aria-hidden="true" onClick={close} />}
      <ul id={list} hidden={!open.value}>
        {children}
      </ul>
    </li>
  )
}
