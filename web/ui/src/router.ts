import { signal } from '@preact/signals'
import { addressOf, type Page, type Place, placeOf } from './place.ts'

/** The place as a signal, and the only writer of the browser's history. */

export const place = signal<Place>(here())

function here(): Place {
  return placeOf(location.pathname, location.search)
}

/** Goes to a place. `replace` is for what is no step back, such as a filter while it is typed. */
export function go(page: Page, query: Readonly<Record<string, string>> = {}, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(addressOf(page, query), document.baseURI)
  if (url.href === location.href) return
  if (how === 'push') history.pushState(null, '', url)
  else history.replaceState(null, '', url)
  place.value = here()
}

/** Changes part of the query of the place that is shown. */
export function refine(changes: Readonly<Record<string, string>>, how: 'push' | 'replace' = 'replace'): void {
  const { page, query } = place.peek()
  go(page, { ...query, ...changes }, how)
}

/** Follows the browser's back and forward; the returned function ends that. */
export function followPlace(): () => void {
  const onPop = () => {
    place.value = here()
  }
  window.addEventListener('popstate', onPop)
  return () => window.removeEventListener('popstate', onPop)
}
