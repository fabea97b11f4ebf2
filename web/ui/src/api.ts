import { all, ask, hasToken, id } from './http.ts'
import type { AlertDetail, Basemap, Info, Parameter, Park, Rivers, Station, WindowRow } from './wire.ts'

/** What the map and its panels ask for. Each page has a client of its own beside it. */
export const api = {
  info: () => ask<Info>('api/v1/info'),
  /** What a token may do, before it is kept. */
  infoWith: (token: string) => ask<Info>('api/v1/info', { token }),
  parameters: () => all<Parameter>('api/v1/parameters'),
  parks: () => all<Park>('api/v1/parks'),
  rivers: () => ask<Rivers>('api/v1/rivers'),
  basemap: () => ask<Basemap>('api/v1/basemap'),
  /** A file of the base map's detail. */
  file: (path: string) => ask<unknown>(path),
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
