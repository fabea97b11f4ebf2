import { signal } from '@preact/signals'

/**
 * The key of the link. It comes behind the # of the address, which no browser sends to a server or tells the next page; from there
 * it moves into this tab's own storage and out of the address, so that it stands in no history, bookmark or screenshot.
 */

const KEY = 'quantrac.recipient'

export const key = signal<string | null>(null)

export function takeKey(): void {
  const given = decodeURIComponent(location.hash.slice(1))
  if (given !== '') {
    sessionStorage.setItem(KEY, given)
    history.replaceState(null, '', location.pathname)
  }
  key.value = sessionStorage.getItem(KEY)
}

export function forgetKey(): void {
  sessionStorage.removeItem(KEY)
  key.value = null
}
