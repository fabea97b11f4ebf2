/**
 * What the server sends, as it is on the wire. The Go side writes testdata/events.json from the same types, so a difference
 * between the two fails a test on one side or the other.
 */

export interface Text {
  vi: string
  en: string
}

/** Longitude, latitude in degrees. */
export type Point = [number, number]

/** From best to worst would be a lie: offline is not worse than exceed. This is the order of legends and counts. */
export const STATES = [
  'exceed',
  'preparing',
  'tendency',
  'good',
  'fault',
  'calibrating',
  'no_discharge',
  'offline',
] as const
export type State = (typeof STATES)[number]

/** Worst first. */
export const SEVERITIES = ['emergency', 'critical', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Latest {
  value: number | null
  unit: string
  status: string
  flags: string[]
  measured_at: string
  received_at: string
  /** The bound that the value is nearer to. */
  limit: number | null
  limit_min: number | null
  limit_max: number | null
  /** 1 is at the limit; null without a limit. */
  ratio: number | null
}

export interface Station {
  id: string
  name: Text
  park: string
  kind: string
  location: Point
  parameters: string[]
  state: State
  index: number | null
  latest: Record<string, Latest>
}

export interface Park {
  id: string
  name: Text
  location: Point
  /** How far the position can be off. */
  precision_km: number
  area_ha?: number
  place?: string
  capacity_m3_day?: number
  receiving_water?: string
  confidence?: string
  /** The ground, where its outline is known. */
  area?: Area
  /** Else it is a circle, where that is known, m. */
  radius_m?: number
  stations: string[]
  state: State
  index: number | null
}

export type Area = { type: 'Polygon'; coordinates: Point[][] } | { type: 'MultiPolygon'; coordinates: Point[][][] }

export interface River {
  type: 'Feature'
  id: string
  geometry: { type: 'LineString'; coordinates: Point[] }
  properties: { id: string; name: Text; into: string | null; precision_km: number }
}

export interface Rivers {
  type: 'FeatureCollection'
  features: River[]
}

/** What to draw under the stations; addresses may be relative to the page. */
export interface Basemap {
  tiles: { url: string; min_zoom: number; max_zoom: number } | null
  attribution: string
  detail: { kind: DetailKind; url: string }[]
}

export type DetailKind = 'areas' | 'boundaries' | 'waters' | 'roads' | 'places'

export interface Parameter {
  code: string
  name: Text
  unit: string
  symbol: string
  decimals: number
}

export interface Info {
  title: Text
  version: string
  role: string
  demo: boolean
  /** Who asks, where that is a person with an account. */
  user?: Who | null
  /** What a change by the session must show. */
  csrf?: string | null
}

export interface Who {
  id: string
  username: string
  name: string
  role: string
  /** Parks in which to act; empty = all. */
  parks: string[]
}

export interface User extends Who {
  disabled: boolean
  /** There is no password yet. */
  pending: boolean
  created_at: string
  last_sign_in: string | null
  /** The one-time link, in the answer that made it. */
  invitation?: string
  invitation_expires_at?: string
}

export interface Token {
  id: string
  name: string
  role: string
  parks: string[]
  created_at?: string
  expires_at: string | null
  last_used_at: string | null
  /** The token itself, in the answer that made it. */
  token?: string
}

export interface AuditEntry {
  sequence: number
  at: string
  actor: { kind: 'user' | 'token' | 'system' | 'anonymous'; id: string; name: string }
  action: string
  object: string
  before: unknown
  after: unknown
  from: string
}

export interface Where {
  id: string
  name: Text
  location?: Point
}

export interface Alert {
  id: string
  revision: number
  rule: string
  rule_name?: Text
  severity: Severity
  state: 'open' | 'resolved' | 'withdrawn'
  /** Its id is "" where `scope` says what the alert is about. */
  station: Where
  /** Set for a silence of a whole park or gateway. */
  scope?: 'park' | 'gateway'
  scope_id?: string
  park: Where | null
  parameter: string | null
  /** The rule's "on"; "value" is one 5-minute value and never a violation. */
  basis: string
  value: number | null
  unit: string | null
  limit: number | null
  ratio: number | null
  limit_reference: string
  limit_verified: boolean
  opened_at: string
  measured_at: string
  late: boolean
  flags: string[]
  summary: Text
  url: string
  acknowledged_at?: string
  acknowledged_by?: string
  assignee?: string
  /** When it was told further because nobody had acted. */
  escalated_at?: string
  resolved_at?: string
  cause?: string
  closed_by?: string
  /** The silence or maintenance window that keeps its notices back. */
  silenced_by?: string
  /** The alert that explains this one; its notices are kept back. */
  inhibited_by?: string
  /** Recipients have been told of it. */
  notified?: boolean
  /** The alert that a withdrawn one has become part of. */
  merged_into?: string
  peak_value: number | null
  peak_severity: Severity
}

export interface Notice {
  webhook: string
  name: string
  event: string
  attempt: number
  status: number
  result: string
  error?: string
}

export interface Moment {
  type: string
  at: string
  event_at?: string
  severity?: Severity
  state?: string
  value?: number | null
  ratio?: number | null
  revision?: number
  summary?: Text
  /** The person who did it, and what they wrote. */
  by?: string
  comment?: string
  notice?: Notice
}

export interface AlertDetail extends Alert {
  timeline: Moment[]
}

/** Selects alerts; what is absent selects all. */
export interface Matcher {
  parks?: string[]
  stations?: string[]
  parameters?: string[]
  rules?: string[]
  severities?: Severity[]
}

/** Keeps the notices of some alerts back for a time. */
export interface Mute {
  id: string
  kind: 'silence' | 'maintenance'
  matcher: Matcher
  /** Inclusive. */
  from: string
  /** Exclusive. */
  to: string
  reason: string
  by?: string
  created_at: string
}

export interface NewMute {
  matcher: Matcher
  /** Absent: from now on. */
  from?: string
  to: string
  reason: string
}

export interface HotspotProperties {
  id: string
  /** 1 is the worst. */
  rank: number
  score: number
  z: number | null
  p: number | null
  parameter: string
  since: string
  trend: string | number | null
  stations: string[]
  reason?: Text
}

export interface Hotspot {
  type: 'Feature'
  id?: string
  geometry: { type: 'Polygon'; coordinates: Point[][] }
  properties: HotspotProperties
}

export interface Hotspots {
  type: 'FeatureCollection'
  features: Hotspot[]
}

export interface ReadingItem {
  station: string
  parameter: string
  value: number | null
  unit: string
  status: string
  flags: string[]
  measured_at: string
  ratio: number | null
}

export interface WindowRow {
  time: string
  value: number | null
  count: number
}

export interface RawRow {
  measured_at: string
  /** Null unless usable. */
  value: number | null
  /** The number as it came, if there was one. */
  raw: number | null
  status: string
  flags: string[]
}

export interface List<T> {
  items: T[]
  next_cursor: string | null
}

export interface SnapshotFrame {
  type: 'snapshot'
  sequence: number
  /** New for each process of the server. */
  epoch: string
  time: string
  stations: Station[]
  alerts: Alert[]
  hotspots: Hotspots
}

/** The registry is another now. What has changed comes in station frames, unless that is too much. */
export interface RegistryFrame {
  type: 'registry'
  sequence: number
  gone: string[]
  parks: boolean
  subscribe: boolean
}

export type Frame =
  | SnapshotFrame
  | { type: 'readings'; sequence: number; items: ReadingItem[] }
  | { type: 'station'; sequence: number; station: Station }
  | { type: 'alert'; sequence: number; alert: Alert }
  | { type: 'hotspots'; sequence: number; hotspots: Hotspots }
  /** Says only that the websocket is alive. */
  | { type: 'heartbeat'; sequence: number; time: string }
  | RegistryFrame
