import type { Alert, Severity, Text } from './wire.ts'

/** Rules, backtests and limits as they are on the wire. */

export type On =
  | 'value'
  | 'mean_1h'
  | 'mean_24h'
  | 'rate'
  | 'load'
  | 'forecast'
  | 'anomaly'
  | 'flatline'
  | 'status'
  | 'unusable'
  | 'silence'
  | 'expression'

export interface Bounds {
  above?: number
  below?: number
}

/** A multiple of the limit, or bounds in the unit of the parameter. */
export type Level = number | Bounds

/** What a rule says; lengths of time are texts like "1h30m". */
export interface Rule {
  id: string
  name: Text
  enabled?: boolean
  parameters?: string[]
  except?: string[]
  stations?: string[]
  parks?: string[]
  kinds?: string[]
  on: On
  levels?: Partial<Record<Severity, Level>>
  for?: string
  immediate?: number
  clear?: number
  keep_open?: string
  window?: string
  horizon?: string
  days?: number
  records?: number
  statuses?: string[]
  times?: number
  min_share?: number
  after?: string
  severity?: Severity
  when?: string
}

export interface RuleEntry extends Rule {
  enabled: boolean
  source: 'built_in' | 'file' | 'api'
  /** Without the edit the rule of the file comes back. */
  overrides: boolean
  updated_at: string | null
  updated_by?: string
}

export interface BacktestProgress {
  done: number
  stations: number
  /** 0 to 1. */
  share: number
  readings: number
  alerts: number
}

export interface BacktestCount {
  alerts: number
  severities: Partial<Record<Severity, number>>
  open_seconds: number
}

/** One alert of a backtest, as a bar of the picture. */
export interface BacktestSpan {
  side: 'draft' | 'in_force'
  station: string
  parameter: string | null
  severity: Severity
  from: string
  /** The end of the backtest where it stood open until then. */
  to: string
  /** No alert of the other side has an instant with it in common. */
  alone: boolean
  /** A true exceedance that the draft misses. */
  missed: boolean
}

export interface BacktestDay {
  /** A calendar day where the stations are. */
  day: string
  draft: number
  in_force: number | null
}

export interface BacktestReport {
  from: string
  to: string
  readings: number
  draft: BacktestCount
  /** Null: there is no such rule in force. */
  in_force: BacktestCount | null
  difference: { added: number; gone: number; missed: number } | null
  summary: Text
  stations: { station: string; draft: number; in_force: number | null; missed: number }[]
  days: BacktestDay[]
  /** The newest of both sides, in the order of their begin. */
  spans: BacktestSpan[]
  alerts: Alert[]
  missed: Alert[]
  truncated: boolean
}

export interface LimitRow {
  parameter: string
  unit: string
  /** By column. */
  min?: Record<string, number>
  max?: Record<string, number>
  factors: boolean
  mark: 'verified' | 'practice' | 'unverified'
  source?: string
  verified: boolean
  verified_by?: string
  verified_at?: string
}

export interface LimitSet {
  id: string
  reference: string
  name: Text
  legal?: string
  from?: string
  to?: string
  factors: boolean
  columns: string[]
  rows: LimitRow[]
  verified: boolean
  verified_by: string
  verified_at?: string
}

export interface FactorTable {
  set: string
  factor: 'kq' | 'kf'
  water?: string
  unit: string
  missing?: number
  mark: string
  classes: { over: number; value: number }[]
}
