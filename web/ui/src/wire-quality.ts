/** The six figures of data quality, what is missing, and what to do about it. */

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
