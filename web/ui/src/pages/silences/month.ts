import { DAY, dayBegin, fromLocal, toLocal } from '../../parts/zone.ts'
import type { Mute } from '../../wire.ts'

/** A month as a calendar on the wall, where the stations are: weeks from Monday, each day with what holds on it. Pure. */

export interface MonthDay {
  /** Its midnight, ms. */
  at: number
  /** The number that stands in it. */
  date: number
  /** It belongs to the month and not to a neighbour. */
  within: boolean
  items: Mute[]
}

/** "2026-11" of an instant. */
export function monthOf(at: number): string {
  return toLocal(at).slice(0, 7)
}

/** The month that is so many further; what is no month counts as the one of `now`. */
export function monthAfter(month: string, by: number, now: number): string {
  const [year = 0, m = 1] = (isMonth(month) ? month : monthOf(now)).split('-').map(Number)
  const n = year * 12 + (m - 1) + by
  return `${String(Math.floor(n / 12)).padStart(4, '0')}-${String((n % 12) + 1).padStart(2, '0')}`
}

function isMonth(text: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text)
}

export function weeks(month: string, mutes: readonly Mute[]): MonthDay[][] {
  const first = fromLocal(`${month}-01T00:00`)
  if (first === null) return []
  const after = fromLocal(`${monthAfter(month, 1, first)}-01T00:00`) ?? first
  // Midnights are a multiple of a day apart all year: there is no summer time. 5 January 1970 was a Monday.
  const monday = dayBegin(first) - ((Math.floor((first + 7 * 3_600_000) / DAY) + 3) % 7) * DAY
  const out: MonthDay[][] = []
  for (let week = monday; week < after; week += 7 * DAY) {
    out.push(Array.from({ length: 7 }, (_, i) => dayOf(week + i * DAY, first, after, mutes)))
  }
  return out
}

function dayOf(at: number, first: number, after: number, mutes: readonly Mute[]): MonthDay {
  const items = mutes.filter((m) => Date.parse(m.from) < at + DAY && Date.parse(m.to) > at)
  // What began first stands first on every day, so that the eye can follow it.
  items.sort((a, b) => Date.parse(a.from) - Date.parse(b.from) || a.id.localeCompare(b.id))
  return { at, date: Number(toLocal(at).slice(8, 10)), within: at >= first && at < after, items }
}
