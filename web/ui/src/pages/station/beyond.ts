import { type Held, isBeyond, limitAt } from './limits.ts'
import type { Drawn } from './state.ts'

/** How many points of the line are beyond the limit that held then. Pure. */
export function beyondCount(d: Pick<Drawn, 'line'>, held: readonly Held[]): number {
  return d.line.filter((v) => {
    const limit = limitAt(held, v.time)
    return isBeyond(limit, v.max) || isBeyond(limit, v.min)
  }).length
}
