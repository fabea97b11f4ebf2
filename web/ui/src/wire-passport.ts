import type { Text } from './wire.ts'

/** What is registered about one station, and the limits with the time in which each holds. */

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
