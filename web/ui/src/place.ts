/**
 * Where in the page the reader is, as its address says. Pure. A place is one path segment below the page's own folder, so that
 * relative addresses mean the same on every page and the program also works below a path of a reverse proxy.
 */

export const PAGES = [
  'map',
  'alerts',
  'silences',
  'decode',
  'quarantine',
  'ledger',
  'quality',
  'gateways',
  'registry',
  'rules',
  'station',
  'notices',
  'users',
  'audit',
  'recipient',
  'wall',
] as const
export type Page = (typeof PAGES)[number]

export interface Place {
  page: Page
  query: Readonly<Record<string, string>>
}

/** What an address means; what it does not know is the map. */
export function placeOf(pathname: string, search: string): Place {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  const page = PAGES.find((p) => p === name) ?? 'map'
  return { page, query: Object.fromEntries(new URLSearchParams(search)) }
}

/** The address of a place, relative to the page's folder; what is empty is left out. */
export function addressOf(page: Page, query: Readonly<Record<string, string>> = {}): string {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== ''))
    .toString()
    // Allowed as it is, and a list reads better so.
    .replaceAll('%2C', ',')
  return `./${page === 'map' ? '' : page}${q && `?${q}`}`
}
