import { DAY, toLocal } from '../../parts/zone.ts'
import type { Strip } from '../../wire-quality.ts'

/** The strip of a station as rows of a calendar: days by hours, or months by days. Pure. */

export interface Cell {
  at: number
  expected: number
  received: number
  /** The share in tenths; null where nothing was expected or only the day is kept. */
  level: number | null
  unknown: boolean
}

export interface Row {
  /** Where the row begins, ms. */
  at: number
  /** By column; null where the span has nothing. */
  cells: (Cell | null)[]
}

/** Spans up to this are shown by the hour. */
export const HOURLY_DAYS = 31

export function isDaily(from: number, to: number): boolean {
  return to - from > HOURLY_DAYS * DAY
}

/** The newest row first. */
export function rowsOf(s: Strip): Row[] {
  const daily = s.every_seconds > 3600
  const rows = new Map<string, Row>()
  let at = Date.parse(s.from)
  for (const [i, expected] of s.expected.entries()) {
    const local = toLocal(at)
    const key = local.slice(0, daily ? 7 : 10)
    const row = rows.get(key) ?? { at, cells: new Array(daily ? 31 : 24).fill(null) }
    rows.set(key, row)
    const column = daily ? Number(local.slice(8, 10)) - 1 : Number(local.slice(11, 13))
    row.cells[column] = cellOf(at, expected, s.received[i] ?? 0, s.unknown[i] ?? false)
    at = daily ? nextMidnight(at) : at + s.every_seconds * 1000
  }
  return [...rows.values()].reverse()
}

function nextMidnight(at: number): number {
  const ahead = 7 * 3_600_000
  return (Math.floor((at + ahead) / DAY) + 1) * DAY - ahead
}

function cellOf(at: number, expected: number, received: number, unknown: boolean): Cell {
  const level = unknown || expected === 0 ? null : Math.min(10, Math.floor((received / expected) * 10 + 1e-9))
  return { at, expected, received, unknown, level: level === 0 && received > 0 ? 1 : level }
}
