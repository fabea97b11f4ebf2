import type { Alert, Latest, Station } from '../wire.ts'
import { STATES } from '../wire.ts'
import { instantIn, type OneStation, type Slice } from './slice.ts'

/** What the page shows of an instant of the past. Pure. */

type Stations = ReadonlyMap<string, Station>

/**
 * The stations of today as they stood at an instant. `before` is what was shown last: a station that is the same still is the same object,
 * so that only what changed is drawn again. One that came later is not known to the slice and is left out.
 */
export function stationsAt(today: Stations, s: Slice, at: number, before: Stations | null): Stations {
  const k = instantIn(s, at)
  const out = new Map<string, Station>()
  for (const [i, id] of s.stations.entries()) {
    const station = today.get(id)
    if (!station) continue
    const place = i * s.n + k
    const state = STATES[s.state[place] ?? 0] ?? 'offline'
    const index = finite(s.index[place])
    const worst = s.parameters[s.worst[place] ?? -1]
    const held = before?.get(id)
    const same = held && held.state === state && held.index === index && (worst === undefined || worst in held.latest)
    if (same && Object.keys(held.latest).length <= 1) out.set(id, held)
    else out.set(id, { ...station, state, index, latest: latestOf(station, worst, index, s.from + k * s.step) })
  }
  return out
}

/** Of a station that is not open only what made its index is known, and not its value. */
function latestOf(s: Station, worst: string | undefined, index: number | null, at: number): Station['latest'] {
  if (worst === undefined || index === null) return {}
  return { [worst]: past(s.latest[worst], { value: null, ratio: index, measured: at }) }
}

interface Figure {
  value: number | null
  ratio: number | null
  measured: number
}

/** A value of the past in the place of today's: unit and bounds stay, what was said about today's value goes. */
function past(today: Latest | undefined, f: Figure): Latest {
  const measured_at = new Date(f.measured).toISOString()
  return {
    unit: today?.unit ?? '',
    limit_min: today?.limit_min ?? null,
    limit_max: today?.limit_max ?? null,
    limit: today?.limit ?? null,
    status: 'measuring',
    flags: [],
    value: f.value,
    ratio: f.ratio,
    measured_at,
    received_at: measured_at,
  }
}

/** The one station with all its values, out of a slice that was asked for it. */
export function stationAt(today: Station, s: Slice, at: number): Station {
  const k = instantIn(s, at)
  const latest: Record<string, Latest> = {}
  for (const [p, code] of s.parameters.entries()) {
    const figure = s.one && figureOf(s.one, p * s.n + k)
    if (figure) latest[code] = past(today.latest[code], figure)
  }
  return { ...today, state: STATES[s.state[k] ?? 0] ?? 'offline', index: finite(s.index[k]), latest }
}

function figureOf(one: OneStation, place: number): Figure | null {
  const measured = finite(one.measured[place])
  if (measured === null) return null
  return { value: finite(one.values[place]), ratio: finite(one.ratios[place]), measured }
}

/**
 * The alerts that were open at an instant, as far as they can be known without their whole story: with the worst severity that they had
 * and without a value, since what they tell is that of their end. The ratio is that of the instant where it made the index.
 */
export function alertsAt(all: readonly Alert[], at: number, stations: Stations): ReadonlyMap<string, Alert> {
  const out = new Map<string, Alert>()
  for (const a of all) {
    if (a.state === 'withdrawn' || Date.parse(a.opened_at) > at) continue
    if (a.resolved_at && Date.parse(a.resolved_at) <= at) continue
    const { resolved_at, cause, closed_by, acknowledged_at, acknowledged_by, ...rest } = a
    const seen = acknowledged_at && acknowledged_by && Date.parse(acknowledged_at) <= at
    out.set(a.id, {
      ...rest,
      ...(seen ? { acknowledged_at, acknowledged_by } : {}),
      state: 'open',
      severity: a.peak_severity,
      value: null,
      ratio: a.parameter ? (stations.get(a.station?.id)?.latest[a.parameter]?.ratio ?? null) : null,
    })
  }
  return out
}

function finite(v: number | undefined): number | null {
  return v === undefined || Number.isNaN(v) ? null : v
}
