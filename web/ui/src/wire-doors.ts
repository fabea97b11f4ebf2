import type { Text } from './wire.ts'

/** What came in at the doors and what became of it: decoded, kept apart, counted, and who may send. */

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
