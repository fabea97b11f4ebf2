import type { Park, Point, Station, Text } from './wire.ts'

/** What is registered of places, as an administrator is answered and sends it. */

export type PlaceKind = 'station' | 'park'

export interface Assignment {
  set: string
  column: string
  kq?: number
  kf?: number
  from?: string
  to?: string
}

export interface Instrument {
  serial: string
  model?: string
  parameters: string[]
  calibrated?: string
  calibration_due?: string
}

export interface Origin {
  source: 'file' | 'edit'
  edited_by?: string
  edited_at?: string
  /** The registry file has changed since the edit was made, which goes before it. */
  file_changed?: boolean
}

export interface StationRecord extends Station, Origin {
  park_by_position?: boolean
  receiving_water?: string
  aliases?: string[]
  gateway?: string
  cycle?: string
  limits?: Assignment[]
  instruments?: Instrument[]
}

export interface ParkRecord extends Park, Origin {}

export interface RegistryEdit {
  kind: PlaceKind | 'river'
  id: string
  action: 'put' | 'remove'
  by: string
  at: string
  in_force: boolean
  reason?: string
  file_changed: boolean
}

export interface PlaceProblem {
  path: string
  message: string
}

export interface ImportedPlace {
  kind: PlaceKind | 'river'
  id: string
  name: Text
  location: Point
  fields?: string[]
}

export interface ImportReport {
  problems: PlaceProblem[]
  warnings: PlaceProblem[]
  columns: { title: string; field: string }[]
  added: ImportedPlace[]
  changed: ImportedPlace[]
  counts: { added: number; changed: number }
  unchanged: number
}
