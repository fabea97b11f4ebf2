import type { Alert, State } from '../wire.ts'
import { STATES } from '../wire.ts'

/** A window of the past as columns, and which windows there are. Pure. */

/** What `GET /api/v1/playback` answers: entry [i][k] is station i at instant from + k × every. */
export interface PlaybackAnswer {
  from: string
  to: string
  every_seconds: number
  stations: string[]
  parameters: string[]
  states: State[]
  state: number[][]
  index: (number | null)[][]
  worst: number[][]
  alerts: Alert[]
  more_alerts: boolean
  /** By parameter, when one station was asked for. */
  values?: (number | null)[][]
  ratios?: (number | null)[][]
  measured?: (number | null)[][]
}

/** The same in typed arrays: station i at instant k is at i × n + k. */
export interface Slice {
  from: number
  /** Exclusive. */
  to: number
  step: number
  n: number
  stations: readonly string[]
  parameters: readonly string[]
  /** Places in STATES. */
  state: Uint8Array
  /** NaN where there was none. */
  index: Float32Array
  /** Places in parameters; -1 where there was none. */
  worst: Int16Array
  alerts: readonly Alert[]
  moreAlerts: boolean
  one: OneStation | null
}

/** By parameter and instant, NaN where there was none. */
export interface OneStation {
  values: Float64Array
  ratios: Float64Array
  /** ms. */
  measured: Float64Array
}

export function decode(a: PlaybackAnswer): Slice {
  const from = Date.parse(a.from)
  const step = a.every_seconds * 1000
  const n = a.state[0]?.length ?? Math.round((Date.parse(a.to) - from) / step)
  const places = a.states.map((s) => STATES.indexOf(s))
  const offline = STATES.indexOf('offline')
  return {
    from,
    to: from + n * step,
    step,
    n,
    stations: a.stations,
    parameters: a.parameters,
    state: Uint8Array.from(a.state.flat(), (s) => places[s] ?? offline),
    index: Float32Array.from(a.index.flat(), orNaN),
    worst: Int16Array.from(a.worst.flat()),
    alerts: a.alerts,
    moreAlerts: a.more_alerts,
    one: oneOf(a),
  }
}

function oneOf(a: PlaybackAnswer): OneStation | null {
  if (!a.values || !a.ratios || !a.measured) return null
  return {
    values: Float64Array.from(a.values.flat(), orNaN),
    ratios: Float64Array.from(a.ratios.flat(), orNaN),
    measured: Float64Array.from(a.measured.flat(), (v) => orNaN(v) * 1000),
  }
}

const orNaN = (v: number | null) => v ?? Number.NaN

/** How many instants a window has: at ten thousand stations still within what the server answers at once. */
export const STEPS = 48

const SECOND = 1000
const MINUTE = 60 * SECOND
const LADDER = [10 * SECOND, MINUTE, 5 * MINUTE, 60 * MINUTE]
const STEPS_PER_SECOND = 12
/** While it is dragged, it is enough to see every hour, and three days are there at once. */
export const DRAG_STEP = 60 * MINUTE

/** The time between two instants at a speed: fine enough to look smooth, not finer than the data (`cycle`). */
export function stepFor(speed: number, cycle: number): number {
  const needed = Math.max((speed * SECOND) / STEPS_PER_SECOND, Math.min(cycle, 5 * MINUTE) / 5)
  return LADDER.find((step) => step >= needed) ?? DRAG_STEP
}

/** Where the window begins that an instant lies in. */
export function windowOf(at: number, step: number): number {
  const span = STEPS * step
  return Math.floor(at / span) * span
}

/** The instant of a slice that holds at a time: the last one that is not after it. Nothing is invented between two. */
export function instantIn(s: Slice, at: number): number {
  return Math.min(Math.max(Math.floor((at - s.from) / s.step), 0), s.n - 1)
}

/** A slice that was cut short because its end had not come yet, or there was too much of it, says nothing about the rest. */
export function covers(s: Slice, at: number): boolean {
  return at >= s.from && at < s.to
}
