import { DAY, dayBegin } from '../../parts/zone.ts'

/** The days that the bars of the page stand on. Pure. */

export interface Calendar {
  from: number
  to: number
  /** Midnights within. */
  days: readonly number[]
}

const BEFORE = 3
const AFTER = 11

export function calendar(now: number): Calendar {
  const from = dayBegin(now) - BEFORE * DAY
  const days = Array.from({ length: BEFORE + AFTER }, (_, i) => from + i * DAY)
  return { from, to: from + days.length * DAY, days }
}

export interface Bar {
  /** Parts of the calendar's width, 0 to 1. */
  left: number
  width: number
  /** It goes on beyond that end. */
  earlier: boolean
  later: boolean
}

/** Where a span stands; null when it is not within. Short ones stay visible. */
export function bar(c: Calendar, from: number, to: number): Bar | null {
  if (to <= c.from || from >= c.to) return null
  const whole = c.to - c.from
  const left = Math.max(0, (from - c.from) / whole)
  const right = Math.min(1, (to - c.from) / whole)
  const width = Math.max(right - left, 0.006)
  return { left: Math.min(left, 1 - width), width, earlier: from < c.from, later: to > c.to }
}
