import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'

/** Lights up once when `on` changes, as when a newer value has come; what is there at first does not. */
export function Pulse({ on, children }: { on: string | number | undefined; children: ComponentChildren }) {
  const first = useRef(on)
  return (
    <span key={on} class={on === first.current ? undefined : 'pulse'}>
      {children}
    </span>
  )
}
