import type {
  Alert,
  Basemap,
  Frame,
  Hotspots,
  Info,
  Parameter,
  Park,
  ReadingItem,
  Rivers,
  SnapshotFrame,
  State,
  Station,
} from './wire.ts'
import { SEVERITIES, STATES } from './wire.ts'

/**
 * The state of the page and the only place that changes it. `apply` is pure: it returns a new state and shares what did not
 * change, so that `===` tells what did. No DOM, no clock, no network.
 */

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface Model {
  connection: Connection
  /** When the last frame came, ms; null before the first. */
  heardAt: number | null
  /** About the longest usual time between two frames, ms: what silence is judged by. */
  pause: number
  epoch: string
  sequence: number
  info: Info | null
  parameters: ReadonlyMap<string, Parameter>
  parks: ReadonlyMap<string, Park>
  stations: ReadonlyMap<string, Station>
  /** Open alerts only. */
  alerts: ReadonlyMap<string, Alert>
  hotspots: Hotspots
  /** Null until it is known, and with a server that knows none. */
  rivers: Rivers | null
  basemap: Basemap | null
}

export type StoreEvent =
  | { type: 'frame'; frame: Frame; at: number }
  /** What the server answered to an act of this reader. */
  | { type: 'answer'; alert: Alert }
  | { type: 'connection'; connection: Connection }
  | { type: 'info'; info: Info }
  | { type: 'parameters'; items: Parameter[] }
  | { type: 'parks'; items: Park[] }
  | { type: 'ground'; rivers: Rivers | null; basemap: Basemap | null }

export const empty: Model = {
  connection: 'connecting',
  heardAt: null,
  pause: 0,
  epoch: '',
  sequence: 0,
  info: null,
  parameters: new Map(),
  parks: new Map(),
  stations: new Map(),
  alerts: new Map(),
  hotspots: { type: 'FeatureCollection', features: [] },
  rivers: null,
  basemap: null,
}

export function apply(m: Model, e: StoreEvent): Model {
  switch (e.type) {
    case 'frame':
      return applyFrame({ ...m, heardAt: e.at, pause: pauseOf(m, e.at) }, e.frame)
    case 'answer':
      return withAnswer(m, e.alert)
    case 'connection':
      return m.connection === e.connection ? m : { ...m, connection: e.connection }
    case 'info':
      return { ...m, info: e.info }
    case 'parameters':
      return { ...m, parameters: new Map(e.items.map((p) => [p.code, p])) }
    case 'parks':
      return { ...m, parks: byID(e.items) }
    case 'ground':
      return { ...m, rivers: e.rivers, basemap: e.basemap }
  }
}

/** How slowly a long pause is forgotten: one frame in ten takes a third of it away. */
const FORGET = 0.96
/** A pause beyond this is a break, not the rhythm of the data. */
const LONGEST_PAUSE = 330_000

function pauseOf(m: Model, at: number): number {
  if (m.heardAt === null || m.connection !== 'live') return m.pause
  const pause = at - m.heardAt
  return pause > LONGEST_PAUSE ? m.pause : Math.max(pause, m.pause * FORGET)
}

const LEAST_SILENCE = 20_000

/** The socket is open, and yet so much longer silent than usual that nobody can say whether the data is live. */
export function unsure(m: Model, now: number): boolean {
  return m.connection === 'live' && m.heardAt !== null && now - m.heardAt > Math.max(LEAST_SILENCE, 3 * m.pause)
}

function applyFrame(m: Model, f: Frame): Model {
  if (f.type === 'snapshot') return applySnapshot(m, f)
  // What a resume sends again is older than what is here.
  if (f.sequence <= m.sequence) return m
  const next = { ...m, sequence: f.sequence }
  switch (f.type) {
    case 'readings':
      return applyReadings(next, f.items)
    case 'station':
      return { ...next, stations: new Map(m.stations).set(f.station.id, f.station) }
    case 'alert':
      return { ...next, alerts: withAlert(m.alerts, f.alert) }
    case 'hotspots':
      return { ...next, hotspots: f.hotspots }
    case 'registry':
      return { ...next, stations: without(m.stations, f.gone) }
    default:
      // A newer server may send more types than this page knows.
      return next
  }
}

function without(stations: Model['stations'], gone: readonly string[]): Model['stations'] {
  if (!gone.some((id) => stations.has(id))) return stations
  const next = new Map(stations)
  for (const id of gone) next.delete(id)
  return next
}

function applySnapshot(m: Model, f: SnapshotFrame): Model {
  return {
    ...m,
    epoch: f.epoch,
    sequence: f.sequence,
    stations: byID(f.stations),
    alerts: byID(f.alerts.filter((a) => a.state === 'open')),
    hotspots: f.hotspots,
  }
}

function withAlert(alerts: ReadonlyMap<string, Alert>, a: Alert): ReadonlyMap<string, Alert> {
  const held = alerts.get(a.id)
  if (held && held.revision > a.revision) return alerts
  const next = new Map(alerts)
  if (a.state === 'open') next.set(a.id, a)
  else next.delete(a.id)
  return next
}

/**
 * The server's word on what a person did. The socket may have been quicker with a later state: then only what people did is taken,
 * and an alert that has ended meanwhile does not come back.
 */
function withAnswer(m: Model, a: Alert): Model {
  const held = m.alerts.get(a.id)
  if (!held) return m
  if (a.state !== 'open')
    return { ...m, alerts: withAlert(m.alerts, { ...a, revision: Math.max(a.revision, held.revision) }) }
  const next = new Map(m.alerts)
  next.set(a.id, withActs(held, a))
  return { ...m, alerts: next }
}

const ACTS = ['acknowledged_at', 'acknowledged_by', 'assignee'] as const

function withActs(held: Alert, a: Alert): Alert {
  const next = { ...held }
  for (const field of ACTS) {
    const value = a[field]
    if (value) next[field] = value
    else delete next[field]
  }
  return next
}

function applyReadings(m: Model, items: ReadingItem[]): Model {
  const stations = new Map(m.stations)
  let changed = false
  for (const item of items) {
    const s = stations.get(item.station)
    const updated = s && withReading(s, item)
    if (!updated || updated === s) continue
    stations.set(item.station, updated)
    changed = true
  }
  return changed ? { ...m, stations } : m
}

/** A reading that is not newer than what is held is history: the chart may want it, the newest values do not. */
function withReading(s: Station, item: ReadingItem): Station {
  const held = s.latest[item.parameter]
  if (held && Date.parse(held.measured_at) >= Date.parse(item.measured_at)) return s
  const limits = held ?? { limit: null, limit_min: null, limit_max: null, received_at: item.measured_at }
  const latest = {
    ...s.latest,
    [item.parameter]: {
      value: item.value,
      unit: item.unit,
      status: item.status,
      flags: item.flags,
      measured_at: item.measured_at,
      received_at: limits.received_at,
      limit: nearer(limits, item),
      limit_min: limits.limit_min,
      limit_max: limits.limit_max,
      ratio: item.ratio,
    },
  }
  return { ...s, latest, index: indexOf(latest) }
}

/** The frame carries no bounds: of two known ones the nearer to the new value is shown. */
function nearer(
  l: { limit: number | null; limit_min: number | null; limit_max: number | null },
  item: ReadingItem,
): number | null {
  if (l.limit_min === null || l.limit_max === null || item.value === null) return l.limit
  return item.value < (l.limit_min + l.limit_max) / 2 ? l.limit_min : l.limit_max
}

function indexOf(latest: Station['latest']): number | null {
  let worst: number | null = null
  for (const v of Object.values(latest)) {
    if (v.ratio !== null && (worst === null || v.ratio > worst)) worst = v.ratio
  }
  return worst
}

function byID<T extends { id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((i) => [i.id, i]))
}

/** The open alerts, worst first, then newest. */
export function ranked(alerts: ReadonlyMap<string, Alert>): Alert[] {
  const order = (a: Alert) => SEVERITIES.indexOf(a.severity)
  return [...alerts.values()].sort(
    (a, b) => order(a) - order(b) || Date.parse(b.opened_at) - Date.parse(a.opened_at) || (a.id < b.id ? -1 : 1),
  )
}

/** How many stations are in each state, with a zero for states that none is in. */
export function counts(stations: ReadonlyMap<string, Station>): Record<State, number> {
  const out = Object.fromEntries(STATES.map((s) => [s, 0])) as Record<State, number>
  for (const s of stations.values()) out[s.state] += 1
  return out
}
