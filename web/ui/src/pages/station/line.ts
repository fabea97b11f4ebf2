import type { RawRow, WindowRow } from '../../wire.ts'
import type { Held } from './limits.ts'
import { isBeyond, limitAt } from './limits.ts'

/** A line of a chart, and what it says in figures. Pure. */

export interface Value {
  /** The reading, or the begin of its window, ms. */
  time: number
  /** The reading, or the mean of the window. */
  value: number
  min: number
  max: number
  /** How many usable readings are in it. */
  count: number
}

/** Each usable reading by itself. */
export function fromRaw(rows: readonly RawRow[]): Value[] {
  return rows.flatMap((r) =>
    r.value === null ? [] : [{ time: Date.parse(r.measured_at), value: r.value, min: r.value, max: r.value, count: 1 }],
  )
}

/** Means with the least and the greatest of each window, where these were asked for. */
export function fromWindows(
  means: readonly WindowRow[],
  least: readonly WindowRow[] = [],
  greatest: readonly WindowRow[] = [],
): Value[] {
  const min = new Map(least.map((r) => [r.time, r.value]))
  const max = new Map(greatest.map((r) => [r.time, r.value]))
  return means.flatMap((r) => {
    if (r.value === null) return []
    const value = r.value
    return [
      { time: Date.parse(r.time), value, min: min.get(r.time) ?? value, max: max.get(r.time) ?? value, count: r.count },
    ]
  })
}

/** Circular 10/2021 expects a reading at least this often, ms. What comes more often makes up for nothing that is missing. */
const EXPECTED = 300_000

/** A pause of more than three steps is a gap, as the rules see it. */
const PAUSE = 3

/** Seconds, values, least, greatest. */
export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]]

/** Columns for a chart, seconds: value, least, greatest, with an empty row in each gap so that no line bridges it. */
export function columnsOf(line: readonly Value[], step: number): Columns {
  const [times, values, least, greatest]: [number[], (number | null)[], (number | null)[], (number | null)[]] = [
    [],
    [],
    [],
    [],
  ]
  let before: number | null = null
  const push = (time: number, value: number | null, min: number | null, max: number | null) => {
    times.push(time / 1000)
    values.push(value)
    least.push(min)
    greatest.push(max)
  }
  for (const v of line) {
    if (before !== null && v.time - before > PAUSE * step) push(before + step, null, null, null)
    push(v.time, v.value, v.min, v.max)
    before = v.time
  }
  return [times, values, least, greatest]
}

export interface Summary {
  count: number
  mean: number
  min: number
  max: number
  last: number
  /** Points of the line whose greatest or least value is beyond the limit that held then. */
  beyond: number
  /** The whole of the points. */
  points: number
  /** Of the readings that practice expects, one in five minutes or in a longer cycle, those that came and can be used. */
  share: number | null
}

export function summaryOf(
  line: readonly Value[],
  held: readonly Held[],
  span: { from: number; to: number },
  times: { step: number; cycle: number },
): Summary | null {
  const last = line.at(-1)
  if (!last) return null
  let sum = 0
  let count = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let beyond = 0
  for (const v of line) {
    sum += v.value * v.count
    count += v.count
    min = Math.min(min, v.min)
    max = Math.max(max, v.max)
    const limit = limitAt(held, v.time)
    if (isBeyond(limit, v.max) || isBeyond(limit, v.min)) beyond += 1
  }
  const share = shareOf(line, span, times)
  return { count, mean: sum / count, min, max, last: last.value, beyond, points: line.length, share }
}

function shareOf(
  line: readonly Value[],
  span: { from: number; to: number },
  times: { step: number; cycle: number },
): number | null {
  const pace = Math.max(EXPECTED, times.cycle)
  const expected = Math.floor((span.to - span.from) / pace)
  if (expected < 1) return null
  // Single readings are gathered into windows of the pace first.
  const windows = new Map<number, number>()
  const width = Math.max(times.step, pace)
  for (const v of line) {
    const at = Math.floor(v.time / width)
    windows.set(at, (windows.get(at) ?? 0) + v.count)
  }
  let came = 0
  for (const n of windows.values()) came += Math.min(n, width / pace)
  return Math.min(1, came / expected)
}
