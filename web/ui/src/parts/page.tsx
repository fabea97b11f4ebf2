import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** The frame of a page: its heading takes the focus when the page is come to, so that a listener is told where he is. */
export function PageFrame({ title, lead, acts, children, name }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
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

interface PageProps {
  name: string
  title: string
  lead: string
  acts?: ComponentChildren
  children: ComponentChildren
}
