import type { ComponentChildren } from 'preact'
import { addressOf, type Page } from '../place.ts'
import { go } from '../router.ts'

interface LinkProps {
  page: Page
  query?: Readonly<Record<string, string>>
  current?: boolean
  class?: string
  'aria-label'?: string
  onPointerEnter?: () => void
  children: ComponentChildren
}

/** A link inside the page: a plain press stays here, everything else (new tab, copy) is the browser's. */
export function Link({ page, query = {}, current = false, children, ...rest }: LinkProps) {
  const onClick = (e: MouseEvent) => {
    if (e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return
    e.preventDefault()
    go(page, query)
  }
  return (
    <a href={addressOf(page, query)} aria-current={current ? 'page' : undefined} onClick={onClick} {...rest}>
      {children}
    </a>
  )
}
