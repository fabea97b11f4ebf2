import { DAY, fromLocal, toLocal } from '../parts/zone.ts'
import type { Matcher, Mute, NewMute } from '../wire.ts'
import { isEmpty } from './mute.ts'

/** A silence while it is written, and what is still wrong with it. Pure. */

export const HOURS = { '1h': 1, '4h': 4, '8h': 8, '24h': 24, '7d': 7 * 24 } as const
export type Length = keyof typeof HOURS | 'own'

export interface Draft {
  kind: Mute['kind']
  matcher: Matcher
  /** As an input of type datetime-local has it; "" = now. */
  from: string
  length: Length
  /** Only with the length "own". */
  to: string
  reason: string
}

export type Fault =
  | 'mute.nothing_named'
  | 'mute.bad_time'
  | 'mute.backwards'
  | 'mute.too_long'
  | 'mute.over'
  | 'mute.no_reason'

/** The server takes no longer one: a silence without an end is a rule that should be changed. */
const LONGEST = 90 * DAY

export function emptyDraft(kind: Mute['kind'], matcher: Matcher = {}): Draft {
  return { kind, matcher, from: '', length: '4h', to: '', reason: '' }
}

export function begin(d: Draft, now: number): number | null {
  return d.from === '' ? now : fromLocal(d.from)
}

export function end(d: Draft, now: number): number | null {
  if (d.length === 'own') return fromLocal(d.to)
  const from = begin(d, now)
  return from === null ? null : from + HOURS[d.length] * 3_600_000
}

export function faultOf(d: Draft, now: number): Fault | null {
  if (isEmpty(d.matcher)) return 'mute.nothing_named'
  const from = begin(d, now)
  const to = end(d, now)
  if (from === null || to === null) return 'mute.bad_time'
  if (to <= from) return 'mute.backwards'
  if (to <= now) return 'mute.over'
  if (to - from > LONGEST) return 'mute.too_long'
  return d.reason.trim() === '' ? 'mute.no_reason' : null
}

/** What is sent. Without a begin the server takes its own clock's present. */
export function specOf(d: Draft, now: number): NewMute {
  const from = begin(d, now) ?? now
  const spec: NewMute = { matcher: d.matcher, to: iso(end(d, now) ?? from), reason: d.reason.trim() }
  return d.from === '' ? spec : { ...spec, from: iso(from) }
}

/** When the length becomes one's own, it begins with what was shown. */
export function withLength(d: Draft, length: Length, now: number): Draft {
  const to = length === 'own' ? toLocal(end(d, now) ?? now).slice(0, 16) : ''
  return { ...d, length, to }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
