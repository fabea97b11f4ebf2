import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** The frame of a page: its heading takes the focus when the page is come to, so that a listener is told where he is. */
export function PageFrame({ title, lead, acts, children, name }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  // With the render and not after it: a focus that comes later would be taken from whoever has moved on by then.
  useLayoutEffect(() => {
    if (isFree(document.activeElement)) heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <main class={`page ${name}`} id="main">
      <div class="page-head">
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <p>{lead}</p>
        </div>
        {acts && <div class="page-acts">{acts}</div>}
      </div>
      {children}
    </main>
  )
}

/** Code that comes late finds a reader who has gone on to the search, say; only the link that led here gives the focus away. */
function isFree(focused: Element | null): boolean {
  return !focused || focused === document.body || focused.matches('[aria-current="page"], .skip')
}

interface PageProps {
  name: string
  title: string
  lead: string
  acts?: ComponentChildren
  children: ComponentChildren
}
