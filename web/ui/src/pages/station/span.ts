import { DAY } from '../../parts/zone.ts'

/** Which span of time a chart shows, and in what steps. Pure: the present is an argument. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const SPANS = {
  '1h': HOUR,
  '6h': 6 * HOUR,
  '24h': DAY,
  '7d': 7 * DAY,
  '30d': 30 * DAY,
  '90d': 90 * DAY,
  '1y': 365 * DAY,
} as const
export type SpanName = keyof typeof SPANS
export const SPAN_NAMES = Object.keys(SPANS) as SpanName[]

/** The least and the most that can be looked at, ms. */
export const SHORTEST = 10 * MINUTE
export const LONGEST = 366 * DAY

export interface Span {
  from: number
  to: number
  /** The name of a span that ends now; null for one with an end of its own. */
  name: SpanName | null
}

/** The span that the address asks for; what is no span is a day up to the present. */
export function spanOf(query: Readonly<Record<string, string>>, now: number): Span {
  const from = Date.parse(query.from ?? '')
  const to = Date.parse(query.to ?? '')
  if (from < to) return { ...clamp(from, to, now), name: null }
  const name = SPAN_NAMES.find((n) => n === query.span) ?? '24h'
  return { from: now - SPANS[name], to: now, name }
}

/** Keeps a span within what can be looked at, and out of the future. */
export function clamp(from: number, to: number, now: number): { from: number; to: number } {
  const length = Math.min(LONGEST, Math.max(SHORTEST, to - from))
  const middle = (from + to) / 2
  const end = Math.min(now, middle + length / 2)
  return { from: Math.round(end - length), to: Math.round(end) }
}

/** The fields of the address for a span. */
export function addressOfSpan(s: Span): Record<string, string> {
  if (s.name) return { span: s.name === '24h' ? '' : s.name, from: '', to: '' }
  return { span: '', from: new Date(s.from).toISOString(), to: new Date(s.to).toISOString() }
}

/** The span beside: earlier for -1, later for 1. It moves by half of itself, so that something stays in view. */
export function shifted(s: Span, by: -1 | 1, now: number): Span {
  const step = ((s.to - s.from) / 2) * by
  return { ...clamp(s.from + step, s.to + step, now), name: null }
}

/** Nearer for a factor below 1, farther for one above, around a time that stays where it is. */
export function zoomed(s: Span, factor: number, around: number, now: number): Span {
  const left = (around - s.from) * factor
  const right = (s.to - around) * factor
  return { ...clamp(around - left, around + right, now), name: null }
}

export interface Step {
  /** As the API takes it; "" = each value as it was measured. */
  every: string
  ms: number
}

const STEPS: readonly Step[] = [
  { every: '5m', ms: 5 * MINUTE },
  { every: '10m', ms: 10 * MINUTE },
  { every: '15m', ms: 15 * MINUTE },
  { every: '30m', ms: 30 * MINUTE },
  { every: '1h', ms: HOUR },
  { every: '2h', ms: 2 * HOUR },
  { every: '3h', ms: 3 * HOUR },
  { every: '6h', ms: 6 * HOUR },
]
/** Between six hours and a day, night and day would make a saw of every line. */
const DAILY: Step = { every: '24h', ms: DAY }

/** No chart is wider than this many points, and no answer should be. */
export const MOST_POINTS = 1000
/** Each value is shown as it was measured up to this span, and up to as many of them. */
const MOST_RAW_SPAN = 6 * HOUR

/** The finest step that keeps to MOST_POINTS; raw values where they are few enough. cycle is the time between two readings, ms. */
export function stepOf(span: number, cycle: number): Step {
  if (span <= MOST_RAW_SPAN && span / cycle <= MOST_POINTS) return { every: '', ms: cycle }
  return STEPS.find((s) => s.ms >= cycle && span / s.ms <= MOST_POINTS) ?? DAILY
}

/** The lines that can be laid over the finest: an hour's mean where hours can be told apart, a day's where there are two. */
export const OVERLAYS = { '1h': HOUR, '24h': DAY } as const
export type Overlay = keyof typeof OVERLAYS
export const OVERLAY_NAMES = Object.keys(OVERLAYS) as Overlay[]

export function canOverlay(o: Overlay, span: number, step: Step): boolean {
  return OVERLAYS[o] > step.ms && span / OVERLAYS[o] <= MOST_POINTS && span >= OVERLAYS[o]
}

/** How far windows of a day begin behind the epoch, so that they are the days of Viet Nam. */
export const BEHIND = 17 * HOUR
export const DAY_OFFSET = '17h'
