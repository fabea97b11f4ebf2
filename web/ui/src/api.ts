import type { AlertDetail, Info, List, Parameter, Park, Station, WindowRow } from './wire.ts'

/** The HTTP API. The token lives in this tab only: sessionStorage is gone with it. */

const TOKEN = 'quantrac.token'
const MOST = 1000

/** The server wants to know who asks. */
export class Unauthorized extends Error {}

export function setToken(token: string | null): void {
  if (token) sessionStorage.setItem(TOKEN, token)
  else sessionStorage.removeItem(TOKEN)
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = new Headers(init.headers)
  headers.set('Accept', 'application/json')
  const token = sessionStorage.getItem(TOKEN)
  if (token) headers.set('Authorization', `Bearer ${token}`)
  const response = await fetch(new URL(path, document.baseURI), { ...init, headers })
  if (response.status === 401) throw new Unauthorized(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return (await response.json()) as T
}

/** Every page of a list. */
async function all<T>(path: string, query: Record<string, string> = {}, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const q = new URLSearchParams({ limit: String(MOST), ...query })
    if (cursor) q.set('cursor', cursor)
    const page: List<T> = await ask(`${path}?${q}`, signal ? { signal } : {})
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return items
}

const id = encodeURIComponent

export const api = {
  info: () => ask<Info>('api/v1/info'),
  parameters: () => all<Parameter>('api/v1/parameters'),
  parks: () => all<Park>('api/v1/parks'),
  stations: () => all<Station>('api/v1/stations'),
  alert: (alert: string, signal: AbortSignal) => ask<AlertDetail>(`api/v1/alerts/${id(alert)}`, { signal }),
  windows: (station: string, parameter: string, from: Date, to: Date, signal: AbortSignal) =>
    all<WindowRow>(
      `api/v1/stations/${id(station)}/readings`,
      { parameter, from: from.toISOString(), to: to.toISOString(), every: '5m', fn: 'mean' },
      signal,
    ),
  /** Where the websocket is, with a one-time ticket where a token is needed: a browser cannot send one with it. */
  socket: async () => {
    const u = new URL('ws', document.baseURI)
    u.protocol = u.protocol === 'https:' ? 'wss:' : 'ws:'
    if (hasToken()) {
      const { ticket } = await ask<{ ticket: string }>('api/v1/ws-ticket', { method: 'POST' })
      u.searchParams.set('ticket', ticket)
    }
    return u.href
  },
}
