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

/** A part of a delivery that is no reading, and why. */
export interface Reject {
  index?: number
  reason: string
  detail?: string
}

export interface DecodedReading {
  station: string
  parameter: string
  value: number | null
  unit: string
  status: string
  flags: string[]
  measured_at: string
}

export interface Proposal {
  target: string
  name: Text
  /** 0 to 1. */
  score: number
  reason: string
}

/** A name that the payload uses and nobody has mapped. */
export interface Unknown {
  kind: 'parameter' | 'station'
  name: string
  station: string
  proposals: Proposal[]
}

export interface Decoded {
  dialect: string
  readings: DecodedReading[]
  rejected: Reject[]
  unknown?: Unknown[]
}

export interface Quarantined {
  id: string
  received_at: string
  door: string
  gateway: string
  topic: string
  dialect: string
  /** How many readings of the same delivery were stored. */
  accepted: number
  rejected: Reject[] | null
  /** Base64. */
  body: string
  /** The same where it is UTF-8. */
  text?: string
  retried_at?: string | null
}

export interface Receipt {
  accepted: number
  rejected: Reject[] | null
}

export interface Counts {
  received: number
  stored: number
  quarantined: number
  duplicate: number
  revised: number
}

export interface Gap {
  from: string
  to: string
  missing: number
}

export interface LedgerLine extends Counts {
  gateway: string
  station: string
  gaps: Gap[]
}

export interface Ledger {
  items: LedgerLine[]
  total: Counts
}

/** Two values for one (station, parameter, measured_at): the first stays in history, both stay in the log. */
export interface Conflict {
  parameter: string
  measured_at: string
  received_at: string
  gateway: string
  kept: { value: number | null; status: string }
  other: { value: number | null; status: string; flags?: string[] }
}

export interface Gateway {
  id: string
  username: string
  /** Station ids, or "*" for every one. */
  stations: string[]
  /** SHA-256 of client certificates, hex. */
  certificates: string[]
  source: 'file' | 'api'
  disabled: boolean
  created_at?: string | null
  rotated_at?: string | null
  connected: boolean
  last_seen?: string | null
  remote?: string
  /** Only in the answer that created it or rotated its password. */
  password?: string
}

export interface NewGateway {
  username?: string
  stations: string[]
  certificates: string[]
  disabled: boolean
}

/** What a name of a vendor's means. */
export interface Mapping {
  id: string
  kind: 'parameter' | 'station' | 'topic'
  name: string
  target: string
  station?: string
  dialect?: string
  /** Of a topic that carries one value. */
  parameter?: string
  unit?: string
  factor?: number
  source: 'file' | 'api'
  created_at?: string | null
}

export type NewMapping = Omit<Mapping, 'id' | 'source' | 'created_at'>

/** A limit of one parameter while it holds: from inclusive, to exclusive, null = open. */
export interface LimitSpan {
  parameter: string
  from: string | null
  to: string | null
  min: number | null
  max: number | null
  set: string
  reference: string
  legal: string
  verified: boolean
}

export interface Permit {
  number: string
  authority?: string
  issued?: string
  expires?: string
}

export interface Instrument {
  serial: string
  model?: string
  parameters: string[] | null
  calibrated?: string
  calibration_due?: string
  /** It should have been calibrated by now. */
  overdue: boolean
}

/** What is registered about a station. */
export interface Passport {
  id: string
  cycle_seconds: number
  aliases: string[]
  receiving_water: { id: string; name: Text } | null
  permit: Permit | null
  instruments: Instrument[]
  ranges: Record<string, { min: number; max: number }>
  limits: LimitSpan[]
  /** For officers; null for who may only look. */
  inner: {
    camera: string
    gateways: { id: string; connected: boolean; last_seen: string | null }[]
  } | null
}

/** The six figures of data quality, in the order of the words: đúng, đủ, sạch, sống, thống nhất, dùng chung. */
export const FIGURES = ['correct', 'complete', 'clean', 'alive', 'uniform', 'shared'] as const
export type FigureName = (typeof FIGURES)[number]

export interface Figure<P = Record<string, unknown>> {
  /** A share; null where `reason` says why there is none. */
  value: number | null
  target: number
  ok: boolean | null
  reason: string | null
  parts: P
}

export interface CorrectParts {
  readings: number
  right: number
  parameters_unknown: number
  parameters_overdue: number
}

export interface CompleteParts {
  expected: number
  received: number
  covered: number
  missing: number
  late: number
  floor: number
  above_floor: boolean | null
}

export interface CleanParts {
  received: number
  stored: number
  quarantined: number
  duplicate: number
  revised: number
  suspect: number
  quarantine_rate: number | null
  quarantine_most: number
}

export interface AliveParts {
  stations: number
  alive_now: number
  live: number
  delay_p95_seconds: number | null
  delay_most_seconds: number
}

export interface UniformParts {
  records: number
  uniform: number
  unmapped_parameters: number
  unmapped_stations: number
}

export interface SharedParts {
  stations: number
  published: number
  availability: number | null
  availability_reason: string | null
  availability_target: number
  consumers: number | null
}

export interface Todo {
  code: string
  figure: FigureName
  count: number
  stations: number
  parameters: string[]
}

export interface Figures {
  correct: Figure<CorrectParts>
  complete: Figure<CompleteParts>
  clean: Figure<CleanParts>
  alive: Figure<AliveParts>
  uniform: Figure<UniformParts>
  shared: Figure<SharedParts>
  todo: Todo[]
}

export interface ParkFigures extends Figures {
  park: string
  stations: number
}

export interface StationFigures extends Figures {
  station: string
  park: string
  since: string | null
  silent_seconds: number | null
}

export interface QualityReport {
  from: string
  to: string
  counted_from: string | null
  total: Figures
  parks: ParkFigures[]
  stations: StationFigures[]
  unassigned: CleanParts
}

export interface DataGap {
  station: string
  park: string
  from: string
  to: string
  seconds: number
  missing: number
  open: boolean
}

export interface DataGaps {
  from: string
  to: string
  items: DataGap[]
  count: number
  seconds: number
}

/** What a station sent and should have sent, by the hour or the local day. */
export interface Strip {
  station: string
  from: string
  to: string
  every_seconds: number
  expected: number[]
  received: number[]
  right: number[]
  unknown: boolean[]
}
