import type { Point, Text } from '../../wire.ts'
import type { Assignment, Instrument, ParkRecord, PlaceKind, StationRecord } from '../../wire-registry.ts'
import type { Record as Held } from './client.ts'
import { areaOf, ringOf } from './outline.ts'

/**
 * What is typed about a place, as texts, and the way there and back. Pure. What the form does not show goes back as it came: the
 * server replaces the whole record.
 */

export interface AssignmentDraft {
  set: string
  column: string
  kq: string
  kf: string
  from: string
  to: string
  /** As it came: an hour that the form does not show is kept while its day is. */
  held?: Assignment
}

export interface InstrumentDraft {
  serial: string
  model: string
  parameters: string
  calibrated: string
  due: string
  held?: Instrument
}

export interface Draft {
  id: string
  vi: string
  en: string
  lon: string
  lat: string
  // Of a station.
  kind: string
  park: string
  water: string
  gateway: string
  cycle: string
  parameters: string[]
  aliases: string
  limits: AssignmentDraft[]
  instruments: InstrumentDraft[]
  // Of a park.
  place: string
  precision: string
  hectares: string
  radius: string
  capacity: string
  confidence: string
  /** The outline without its closing corner; empty = none. */
  outline: Point[]
}

export const EMPTY: Draft = {
  id: '',
  vi: '',
  en: '',
  lon: '',
  lat: '',
  kind: 'effluent',
  park: '',
  water: '',
  gateway: '',
  cycle: '',
  parameters: [],
  aliases: '',
  limits: [],
  instruments: [],
  place: '',
  precision: '',
  hectares: '',
  radius: '',
  capacity: '',
  confidence: '',
  outline: [],
}

export function draftOf(kind: PlaceKind, held: Held): Draft {
  const d = {
    ...EMPTY,
    id: held.id,
    vi: held.name.vi,
    en: held.name.en,
    lon: String(held.location[0]),
    lat: String(held.location[1]),
  }
  return kind === 'station' ? ofStation(d, held as StationRecord) : ofPark(d, held as ParkRecord)
}

function ofStation(d: Draft, s: StationRecord): Draft {
  return {
    ...d,
    kind: s.kind,
    park: s.park_by_position ? '' : s.park,
    water: s.receiving_water ?? '',
    gateway: s.gateway ?? '',
    cycle: (s.cycle ?? '').replace(/(?<=m)0s$|(?<=h)0m0s$/, ''),
    parameters: [...s.parameters],
    aliases: (s.aliases ?? []).join(', '),
    limits: (s.limits ?? []).map((a) => ({
      set: a.set,
      column: a.column,
      kq: numeral(a.kq),
      kf: numeral(a.kf),
      from: dayOf(a.from),
      to: dayOf(a.to),
      held: a,
    })),
    instruments: (s.instruments ?? []).map((i) => ({
      serial: i.serial,
      model: i.model ?? '',
      parameters: i.parameters.join(', '),
      calibrated: dayOf(i.calibrated),
      due: dayOf(i.calibration_due),
      held: i,
    })),
  }
}

function ofPark(d: Draft, p: ParkRecord): Draft {
  return {
    ...d,
    place: p.place ?? '',
    water: p.receiving_water ?? '',
    precision: numeral(p.precision_km),
    hectares: numeral(p.area_ha),
    radius: numeral(p.radius_m),
    capacity: numeral(p.capacity_m3_day),
    confidence: p.confidence ?? '',
    outline: ringOf(p.area),
  }
}

/** What is sent: the record as it came, with what the form says over it. */
export function recordOf(kind: PlaceKind, d: Draft, held: Held | null): Record<string, unknown> {
  const name: Text = { vi: d.vi.trim(), en: d.en.trim() }
  const common = { ...held, id: d.id, name, location: [numberOf(d.lon), numberOf(d.lat)] }
  return kind === 'station' ? stationOf(d, common) : parkOf(d, common, held as ParkRecord | null)
}

function stationOf(d: Draft, common: object): Record<string, unknown> {
  return {
    ...common,
    kind: d.kind,
    park: d.park,
    park_by_position: false,
    receiving_water: d.water,
    gateway: d.gateway.trim(),
    cycle: d.cycle.trim(),
    parameters: d.parameters,
    aliases: words(d.aliases, ','),
    limits: d.limits.map((a) => ({
      set: a.set,
      column: a.column,
      ...(a.kq && { kq: numberOf(a.kq) }),
      ...(a.kf && { kf: numberOf(a.kf) }),
      ...(a.from && { from: midnight(a.from, a.held?.from) }),
      ...(a.to && { to: midnight(a.to, a.held?.to) }),
    })),
    instruments: d.instruments.map((i) => ({
      serial: i.serial.trim(),
      model: i.model.trim(),
      parameters: words(i.parameters, /[\s,;]+/),
      ...(i.calibrated && { calibrated: midnight(i.calibrated, i.held?.calibrated) }),
      ...(i.due && { calibration_due: midnight(i.due, i.held?.calibration_due) }),
    })),
  }
}

function parkOf(d: Draft, common: object, held: ParkRecord | null): Record<string, unknown> {
  const area = areaOf(d.outline, held?.area)
  return {
    ...common,
    place: d.place.trim(),
    receiving_water: d.water.trim(),
    precision_km: numberOf(d.precision || '0'),
    area_ha: numberOf(d.hectares || '0'),
    radius_m: numberOf(d.radius || '0'),
    capacity_m3_day: numberOf(d.capacity || '0'),
    confidence: d.confidence.trim(),
    area: area ?? null,
  }
}

const numeral = (n: number | undefined) => (n ? String(n) : '')

/** A decimal comma or a point; what is no number goes as it is typed, and the server says what is wrong with it. */
export function numberOf(text: string): number | string {
  const s = text.trim().replace(',', '.')
  const n = Number(s)
  return s !== '' && Number.isFinite(n) ? n : text
}

/** A position pair; null while it is none. */
export function pointOf(d: { lon: string; lat: string }): Point | null {
  const lon = numberOf(d.lon)
  const lat = numberOf(d.lat)
  return typeof lon === 'number' && typeof lat === 'number' && Math.abs(lon) <= 180 && Math.abs(lat) <= 90
    ? [lon, lat]
    : null
}

/** Five decimals are a metre. */
export const degrees = (n: number) => n.toFixed(5).replace(/\.?0+$/, '')

function words(text: string, separator: string | RegExp): string[] {
  return text
    .split(separator)
    .map((s) => s.trim())
    .filter(Boolean)
}

/** Days are those of Viet Nam. */
const ZONE = '+07:00'

export function dayOf(at: string | undefined): string {
  if (!at) return ''
  return new Date(Date.parse(at) + 7 * 3_600_000).toISOString().slice(0, 10)
}

/** The beginning of a day; the instant that was held, while it lies on that day. */
export function midnight(day: string, held?: string): string {
  if (held && dayOf(held) === day) return held
  return `${day}T00:00:00${ZONE}`
}
