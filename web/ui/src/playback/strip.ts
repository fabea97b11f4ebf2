import type { Overview } from './client.ts'

/** The timeline's picture: how many alerts were open, and where the days begin. Pure. */

export type Grade = 'critical' | 'warning' | 'info'

export interface Bar {
  /** 0 to 1 of the whole. */
  x: number
  width: number
  height: number
  grade: Grade
}

/** A bar for each instant with open alerts, as high as there were many, of the worst severity among them. */
export function barsOf(o: Overview, from: number, to: number): Bar[] {
  const start = Date.parse(o.from)
  const step = o.every_seconds * 1000
  const n = o.open.warning.length
  const counts = Array.from({ length: n }, (_, k) => countsAt(o, k))
  const most = Math.max(1, ...counts.map((c) => c.all))
  return counts.flatMap(({ all, grade }, k) => {
    const x = (start + k * step - from) / (to - from)
    if (all === 0 || x < 0 || x > 1) return []
    // The root lets one alert among many days of a hundred be seen.
    return [{ x, width: Math.min(step / (to - from), 1 - x), height: Math.sqrt(all / most), grade }]
  })
}

function countsAt(o: Overview, k: number): { all: number; grade: Grade } {
  const worst = (o.open.emergency[k] ?? 0) + (o.open.critical[k] ?? 0)
  const warning = o.open.warning[k] ?? 0
  const grade = worst > 0 ? 'critical' : warning > 0 ? 'warning' : 'info'
  return { all: worst + warning + (o.open.info[k] ?? 0), grade }
}

const DAY = 24 * 3_600_000
/** Viet Nam's days begin at 17:00 UTC, all year. */
const MIDNIGHT = 17 * 3_600_000

/** Where every `every`th day begins, ms. */
export function midnights(from: number, to: number, every: number): number[] {
  const out: number[] = []
  for (let t = Math.ceil((from - MIDNIGHT) / DAY) * DAY + MIDNIGHT; t < to; t += DAY) out.push(t)
  // Counted from the newest, so that the days do not change places as time goes on.
  return out
    .reverse()
    .filter((_, i) => i % every === every - 1)
    .reverse()
}
