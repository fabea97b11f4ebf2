import { signal } from '@preact/signals'
import { all, id } from './http.ts'
import type { WindowRow } from './wire.ts'

/** A day of every parameter of the station that is open, in little: half-hour means. */

const STEP = 30 * 60_000
const SPAN = 24 * 3_600_000
/** They are asked for again when a point more could be there. */
const PATIENCE = STEP / 3

export interface Sparks {
  from: number
  to: number
  lines: ReadonlyMap<string, readonly WindowRow[]>
}

/** By station. The map's panel and a station's page can be open at once. */
export const sparks = signal<ReadonlyMap<string, Sparks>>(new Map())
const MOST_HELD = 4

/** Keeps the sparks of a station fresh; the returned function ends that. */
export function followSparks(station: string, parameters: readonly string[], now: () => number): () => void {
  const abort = new AbortController()
  const load = async () => {
    const to = now()
    const from = to - SPAN
    try {
      const lines = await Promise.all(parameters.map((p) => lineOf(station, p, from, to, abort.signal)))
      keep(station, { from, to, lines: new Map(parameters.map((p, i) => [p, lines[i] ?? []])) })
    } catch {
      // They are an ornament: the figures beside them stand, and the next round asks again.
    }
  }
  void load()
  const timer = setInterval(() => {
    if (!document.hidden) void load()
  }, PATIENCE)
  return () => {
    clearInterval(timer)
    abort.abort()
  }
}

function keep(station: string, s: Sparks): void {
  const others = [...sparks.peek()].filter(([id]) => id !== station)
  sparks.value = new Map([...others, [station, s] as const].slice(-MOST_HELD))
}

function lineOf(
  station: string,
  parameter: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<WindowRow[]> {
  const times = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
  return all(`api/v1/stations/${id(station)}/readings`, { parameter, ...times, every: '30m', fn: 'mean' }, signal)
}

/** Where the points of a spark are, in a box of width by height; a pause of three windows breaks the line. Pure. */
export function sparkPath(
  rows: readonly WindowRow[],
  times: { from: number; to: number },
  width: number,
  height: number,
): string {
  const known = rows.flatMap((r) => (r.value === null ? [] : [{ time: Date.parse(r.time), value: r.value }]))
  const values = known.map((p) => p.value)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = high - low || 1
  const x = (at: number) => Math.max(0, ((at - times.from) / (times.to - times.from)) * width)
  const y = (v: number) => (high === low ? height / 2 : height - ((v - low) / room) * height)
  let before = Number.NEGATIVE_INFINITY
  return known
    .map((p) => {
      const start = p.time - before > 3 * STEP
      before = p.time
      return `${start ? 'M' : 'L'}${x(p.time).toFixed(1)} ${y(p.value).toFixed(1)}`
    })
    .join('')
}
