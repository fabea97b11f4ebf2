import type { LimitSpan } from '../../wire-passport.ts'

/** Limits change with time. Which one holds when, and what stands above it. Pure. */

export interface Held {
  /** ms; ±Infinity where that end is open. */
  from: number
  to: number
  min: number | null
  max: number | null
  reference: string
  legal: string
  verified: boolean
}

/** The limits of one parameter that hold at any time of a span, in order. */
export function heldIn(limits: readonly LimitSpan[], parameter: string, from: number, to: number): Held[] {
  return limits
    .filter((l) => l.parameter === parameter)
    .map((l) => ({
      from: l.from ? Date.parse(l.from) : Number.NEGATIVE_INFINITY,
      to: l.to ? Date.parse(l.to) : Number.POSITIVE_INFINITY,
      min: l.min,
      max: l.max,
      reference: l.reference,
      legal: l.legal,
      verified: l.verified,
    }))
    .filter((l) => l.to > from && l.from < to)
    .sort((a, b) => a.from - b.from)
}

export function limitAt(held: readonly Held[], at: number): Held | null {
  return held.find((l) => at >= l.from && at < l.to) ?? null
}

/** Above the upper bound or below the lower one; a value at the bound keeps to it. */
export function isBeyond(l: Pick<Held, 'min' | 'max'> | null, value: number): boolean {
  if (!l) return false
  return (l.max !== null && value > l.max) || (l.min !== null && value < l.min)
}

/** How a value stands to its limit, as the contract defines it: 1 is the bound; null without one. */
export function ratioOf(l: Pick<Held, 'min' | 'max'> | null, value: number): number | null {
  if (!l) return null
  if (l.min !== null && l.max !== null) {
    const middle = (l.min + l.max) / 2
    return Math.abs(value - middle) / ((l.max - l.min) / 2)
  }
  if (l.max !== null) return value / l.max
  if (l.min === null) return null
  return value <= l.min / 10 ? 10 : l.min / value
}

/** Every bound that is drawn, so that the scale can hold them. */
export function boundsOf(held: readonly Held[]): number[] {
  return held.flatMap((l) => [l.min, l.max]).filter((b) => b !== null)
}
