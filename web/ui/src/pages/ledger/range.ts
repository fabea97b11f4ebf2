import { DAY, dayBegin, fromLocal } from '../../parts/zone.ts'

/** The span of time that the address asks for. Pure: the present is an argument. */

export const RANGES = ['today', '24h', '7d', '30d', 'own'] as const
export type Range = (typeof RANGES)[number]

export interface Span {
  range: Range
  from: number
  to: number
  /** False when the reader's own times are no span; from and to are then those of today. */
  valid: boolean
}

export function spanOf(query: Readonly<Record<string, string>>, now: number): Span {
  const range = RANGES.find((r) => r === query.range) ?? 'today'
  const to = now
  switch (range) {
    case 'today':
      return { range, from: dayBegin(now), to, valid: true }
    case '24h':
      return { range, from: now - DAY, to, valid: true }
    case '7d':
      return { range, from: now - 7 * DAY, to, valid: true }
    case '30d':
      return { range, from: now - 30 * DAY, to, valid: true }
    case 'own':
      return own(query, now)
  }
}

function own(query: Readonly<Record<string, string>>, now: number): Span {
  const from = fromLocal(query.from ?? '')
  const to = fromLocal(query.to ?? '')
  const valid = from !== null && to !== null && from < to
  return valid ? { range: 'own', from, to, valid } : { range: 'own', from: dayBegin(now), to: now, valid }
}
