import type { Filter } from './client.ts'

/** What the address of the page selects. Pure. */

/** The reasons and doors that there are; the server may know more, and those can still be named in the address. */
export const REASONS = [
  'undecodable',
  'unknown_station',
  'unknown_parameter',
  'no_station',
  'no_values',
  'not_permitted',
  'bad_time',
  'future',
  'too_old',
  'too_large',
  'too_many_items',
] as const
export const DOORS = ['broker', 'mqtt', 'http', 'ftp', 'drop', 'hj212'] as const
export const STATES = ['open', 'retried', 'any'] as const

/** What waits is what somebody can do something about, so it is what is shown first. */
export function filterOf(query: Readonly<Record<string, string>>): Filter {
  const state = STATES.find((s) => s === query.state) ?? 'open'
  return {
    reason: query.reason ?? '',
    door: query.door ?? '',
    gateway: query.gateway ?? '',
    state: state === 'any' ? '' : state,
  }
}

export function isNarrow(f: Filter): boolean {
  return f.reason !== '' || f.door !== '' || f.gateway !== '' || f.state === 'retried'
}
