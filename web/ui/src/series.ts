import type { WindowRow } from './wire.ts'

/** A day of one parameter as the chart wants it. Pure. */

/** The window of the chart's figures, ms. It is what api.windows asks for. */
export const WINDOW = 5 * 60_000
export const SPAN = 24 * 3_600_000

export interface Point {
  /** Begin of the window, ms. */
  time: number
  value: number
  count: number
}

/** History knows windows without a value; they are no points. */
export function points(rows: readonly WindowRow[]): Point[] {
  return rows.flatMap((r) =>
    r.value === null ? [] : [{ time: Date.parse(r.time), value: r.value, count: Math.max(1, r.count) }],
  )
}

/** Takes one live value into the mean of its window, as history will once it has it. Points older than the span go. */
export function fold(series: readonly Point[], at: number, value: number): readonly Point[] {
  const time = Math.floor(at / WINDOW) * WINDOW
  const last = series.at(-1)
  if (last && time < last.time) return series
  const kept = series.filter((p) => p.time >= at - SPAN && p.time !== time)
  if (last?.time !== time) return [...kept, { time, value, count: 1 }]
  const count = last.count + 1
  return [...kept, { time, value: last.value + (value - last.value) / count, count }]
}

/** Columns for uPlot, seconds, with an empty point in each gap so that no line bridges it. A pause of more than three steps is one, as the rules see it. */
export function columns(series: readonly Point[], step = WINDOW): [number[], (number | null)[]] {
  const times: number[] = []
  const values: (number | null)[] = []
  let before: number | null = null
  for (const p of series) {
    if (before !== null && p.time - before > 3 * step) {
      times.push((before + step) / 1000)
      values.push(null)
    }
    times.push(p.time / 1000)
    values.push(p.value)
    before = p.time
  }
  return [times, values]
}
