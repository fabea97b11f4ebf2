import type { Mark } from '../../panels/plot-marks.ts'
import { type Point, points, WINDOW } from '../../series.ts'
import type { Alert, RawRow, WindowRow } from '../../wire.ts'

/** The chart around an alert: which span, in what steps, and what stands out. Pure. */

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How much is shown before an alert, by what it judges: a mean is made of what came before. */
const BEFORE: Record<string, number> = { mean_24h: 26 * HOUR, load: 26 * HOUR, anomaly: 24 * HOUR }

export interface Span {
  from: number
  to: number
  /** The alert itself. */
  begin: number
  end: number
}

export function spanOf(a: Alert, now: number): Span {
  const begin = Date.parse(a.opened_at)
  const end = a.resolved_at ? Date.parse(a.resolved_at) : now
  const before = Math.max(BEFORE[a.basis] ?? 3 * HOUR, Math.min((end - begin) / 3, DAY))
  const from = begin - before
  return { from, to: Math.max(Math.min(end + HOUR, now), begin + WINDOW), begin, end }
}

export interface Step {
  /** As the API takes it. */
  every: string
  ms: number
}

/** Some hundred points, whatever the span. */
export function stepOf(s: Span): Step {
  const span = s.to - s.from
  if (span <= 2 * DAY) return { every: '5m', ms: WINDOW }
  return span <= 40 * DAY ? { every: '1h', ms: HOUR } : { every: '1d', ms: DAY }
}

export interface Drawn {
  points: readonly Point[]
  marks: readonly Mark[]
  /** Between two points, ms: what is longer than three is a gap. */
  step: number
  /** Each value as it was measured, rather than means. */
  raw: boolean
}

export function fromRaw(rows: readonly RawRow[]): Drawn {
  const drawn: Point[] = []
  const marks: Mark[] = []
  for (const r of rows) {
    if (r.value === null) continue
    const time = Date.parse(r.measured_at)
    drawn.push({ time, value: r.value, count: 1 })
    if (r.flags.includes('revised')) marks.push({ time, value: r.value, kind: 'revised' })
    else if (r.flags.includes('late')) marks.push({ time, value: r.value, kind: 'late' })
  }
  return { points: drawn, marks, step: WINDOW, raw: true }
}

export function fromWindows(rows: readonly WindowRow[], step: number): Drawn {
  return { points: points(rows), marks: [], step, raw: false }
}

export interface Condensed {
  /** Of the first point in it, ms. */
  time: number
  mean: number
  min: number
  max: number
  count: number
}

/** The points while the alert lasted, in no more rows than a sheet has room for. */
export function condensed(drawn: Drawn, s: Span, most: number): Condensed[] {
  const inside = drawn.points.filter((p) => p.time >= s.begin - drawn.step && p.time <= s.end)
  const together = Math.max(1, Math.ceil(inside.length / most))
  const rows: Condensed[] = []
  for (let i = 0; i < inside.length; i += together) {
    const part = inside.slice(i, i + together)
    const first = part[0]
    if (!first) continue
    const values = part.map((p) => p.value)
    const count = part.reduce((n, p) => n + p.count, 0)
    const mean = part.reduce((sum, p) => sum + p.value * p.count, 0) / count
    rows.push({ time: first.time, mean, min: Math.min(...values), max: Math.max(...values), count })
  }
  return rows
}

/** Whether the alert's own figures are in the unit of the chart: a load or a rate is not. */
export function isOfValues(a: Alert): boolean {
  return a.basis === 'value' || a.basis === 'mean_1h' || a.basis === 'mean_24h'
}

/** The peak, at the point of the alert's time that comes nearest to it; null where there is none to show. */
export function peakOf(a: Alert, drawn: Drawn, s: Span): Mark | null {
  if (a.basis !== 'value' || a.peak_value === null) return null
  const peak = a.peak_value
  let best: Point | null = null
  for (const p of drawn.points) {
    if (p.time < s.begin - 10 * 60_000 || p.time > s.end) continue
    if (!best || Math.abs(p.value - peak) < Math.abs(best.value - peak)) best = p
  }
  return best && { time: best.time, value: peak, kind: 'peak' }
}
