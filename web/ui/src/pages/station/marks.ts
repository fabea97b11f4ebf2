import type { RawRow } from '../../wire.ts'
import type { Conflict } from '../../wire-doors.ts'

/** What is marked on a chart: times in which the device did not measure, and values that came late or twice. Pure. */

export interface Band {
  status: string
  from: number
  to: number
  /** How many readings say so. */
  count: number
}

export interface Point {
  time: number
  value: number | null
  kind: 'late' | 'revised'
  /** What came later, where it is known. */
  other: number | null
}

/** A pause of more than this many cycles ends a band: nobody knows what the device did then. */
const PAUSE = 3

/** Readings of one status that follow each other are one band; it lasts until a cycle behind its last reading. */
export function bandsOf(rows: readonly RawRow[], cycle: number): Band[] {
  const bands: Band[] = []
  for (const r of rows) {
    if (r.status === 'measuring') continue
    const at = Date.parse(r.measured_at)
    const last = bands.at(-1)
    if (last && last.status === r.status && at - last.to <= (PAUSE - 1) * cycle) {
      last.to = at + cycle
      last.count += 1
    } else {
      if (last && last.to > at) last.to = at
      bands.push({ status: r.status, from: at, to: at + cycle, count: 1 })
    }
  }
  return bands
}

/** Late and revised values. A conflict says what the other value was; one whose row is not among them is marked as well. */
export function pointsOf(rows: readonly RawRow[], conflicts: readonly Conflict[]): Point[] {
  const others = new Map(conflicts.map((c) => [Date.parse(c.measured_at), c]))
  const points: Point[] = []
  for (const r of rows) {
    const time = Date.parse(r.measured_at)
    const conflict = others.get(time)
    const revised = conflict !== undefined || r.flags.includes('revised')
    if (!revised && !r.flags.includes('late')) continue
    others.delete(time)
    points.push({ time, value: r.raw, kind: revised ? 'revised' : 'late', other: conflict?.other.value ?? null })
  }
  for (const [time, c] of others) points.push({ time, value: c.kept.value, kind: 'revised', other: c.other.value })
  return points.sort((a, b) => a.time - b.time)
}

export function bandAt(bands: readonly Band[], at: number): Band | null {
  return bands.find((b) => at >= b.from && at < b.to) ?? null
}
