import { isQuiet, stationOf } from '../../alert.ts'
import { type Alert, SEVERITIES, STATES, type Station } from '../../wire.ts'

/** What the wall shows, one after the other. Pure. */

/** More than this many in turn and the worst would come back too rarely. */
const MOST = 8
/** How long each is shown, ms. */
export const TURN = 14_000

export interface Focus {
  station: Station
  /** The worst open alert about it. */
  alert: Alert | null
}

/** The stations that need attention most: those with the gravest alerts first, then by state and by how far above the limit. */
export function worst(stations: ReadonlyMap<string, Station>, ranked: readonly Alert[]): Focus[] {
  const gravest = new Map<string, Alert>()
  for (const a of ranked) {
    const id = stationOf(a)
    if (id && !isQuiet(a) && !gravest.has(id)) gravest.set(id, a)
  }
  const due = [...stations.values()].filter((s) => gravest.has(s.id) || s.state === 'exceed' || s.state === 'preparing')
  const grade = (s: Station) => {
    const a = gravest.get(s.id)
    return a ? SEVERITIES.indexOf(a.severity) : SEVERITIES.length
  }
  due.sort(
    (a, b) =>
      grade(a) - grade(b) ||
      STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
      (b.index ?? 0) - (a.index ?? 0) ||
      (a.id < b.id ? -1 : 1),
  )
  return due.slice(0, MOST).map((station) => ({ station, alert: gravest.get(station.id) ?? null }))
}

/** Whose turn it is: the one after `current`, or the first where that has gone. */
export function next(turn: readonly Focus[], current: string | null): string | null {
  const i = turn.findIndex((f) => f.station.id === current)
  return turn[(i + 1) % Math.max(1, turn.length)]?.station.id ?? null
}

/** The newest alerts, newest first; what is explained by another or silenced is left to the page of alerts. */
export function newest(alerts: Iterable<Alert>, n: number): Alert[] {
  return [...alerts]
    .filter((a) => !isQuiet(a))
    .sort((a, b) => Date.parse(b.opened_at) - Date.parse(a.opened_at) || (a.id < b.id ? -1 : 1))
    .slice(0, n)
}

const NIGHT_BEGINS = 19
const NIGHT_ENDS = 6

/** Whether it is dark where the stations are. */
export function isNight(now: number): boolean {
  const hour = Number(
    new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Ho_Chi_Minh', hour: '2-digit', hourCycle: 'h23' }).format(now),
  )
  return hour >= NIGHT_BEGINS || hour < NIGHT_ENDS
}

/** Moves the picture a little every minute, in a small circle, so that no edge burns into the screen; px. */
export function shift(now: number): [number, number] {
  const angle = (Math.floor(now / 60_000) % 12) * (Math.PI / 6)
  return [Math.round(4 * Math.cos(angle)), Math.round(4 * Math.sin(angle))]
}

const LOCALES = { vi: 'vi-VN', en: 'en-GB' } as const

/** Date and time of day where the stations are. */
export function clockFace(now: number, language: keyof typeof LOCALES): [date: string, time: string] {
  const of = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALES[language], { timeZone: 'Asia/Ho_Chi_Minh', ...options }).format(now)
  return [
    of({ weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric' }),
    of({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  ]
}
