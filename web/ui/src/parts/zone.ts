/** The wall clock where the stations are, which is seven hours ahead of UTC all year. Pure. */

const AHEAD = 7 * 3_600_000
export const DAY = 86_400_000

/** "2026-11-24T13:05", as an input of type datetime-local has it, as an instant, ms; null when it is none. */
export function fromLocal(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return null
  const at = Date.parse(`${text}Z`) - AHEAD
  return Number.isNaN(at) ? null : at
}

/** The inverse of fromLocal, to the second. */
export function toLocal(at: number): string {
  return new Date(at + AHEAD).toISOString().slice(0, 19)
}

/** "20261124130500", as loggers write it. */
export function compact(at: number): string {
  return toLocal(at).replace(/\D/g, '')
}

/** The midnight before, ms. */
export function dayBegin(at: number): number {
  return Math.floor((at + AHEAD) / DAY) * DAY - AHEAD
}
