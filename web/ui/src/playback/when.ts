/** A time in the address. Pure. */

/** The name that it has in the query. */
export const TIME = 't'

/** To the second, in UTC, so that it means the same to every reader. */
export function written(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}

/** null for what is no time. */
export function atOf(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}
