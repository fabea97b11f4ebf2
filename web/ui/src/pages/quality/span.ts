import { DAY, fromLocal, toLocal } from '../../parts/zone.ts'

/** The span of time that the address asks for. Pure: the present is an argument. */

export const RANGES = ['24h', '7d', '30d', 'quarter', 'before', 'own'] as const
export type Range = (typeof RANGES)[number]

/** The server makes figures of at most so many days. */
export const MOST_DAYS = 366

export interface Span {
  range: Range
  from: number
  to: number
  /** False when the reader's own times are no span, or too long a one; from and to are then those of the last day. */
  valid: boolean
}

export function spanOf(query: Readonly<Record<string, string>>, now: number): Span {
  const range = RANGES.find((r) => r === query.range) ?? '24h'
  switch (range) {
    case '24h':
      return { range, from: now - DAY, to: now, valid: true }
    case '7d':
      return { range, from: now - 7 * DAY, to: now, valid: true }
    case '30d':
      return { range, from: now - 30 * DAY, to: now, valid: true }
    case 'quarter':
      return { range, from: quarterBegin(now, 0), to: now, valid: true }
    case 'before':
      return { range, from: quarterBegin(now, -1), to: quarterBegin(now, 0), valid: true }
    case 'own':
      return own(query, now)
  }
}

/** The local midnight on which a quarter begins: that of `now`, or as many later. */
function quarterBegin(now: number, later: number): number {
  const [year = 0, month = 1] = toLocal(now).slice(0, 7).split('-').map(Number)
  const first = new Date(Date.UTC(year, Math.floor((month - 1) / 3) * 3 + 3 * later, 1))
  return fromLocal(first.toISOString().slice(0, 16)) ?? now
}

function own(query: Readonly<Record<string, string>>, now: number): Span {
  const from = fromLocal(query.from ?? '')
  const to = fromLocal(query.to ?? '')
  if (from === null || to === null || from >= to || to - from > MOST_DAYS * DAY) {
    return { range: 'own', from: now - DAY, to: now, valid: false }
  }
  return { range: 'own', from, to, valid: true }
}
