import { all, ask, search } from '../../http.ts'
import type { Decoded, Mapping, NewMapping, Quarantined } from '../../wire-doors.ts'

export interface About {
  topic: string
  filename: string
  /** RFC 3339; "" is now. */
  now: string
}

/** What a payload would become. Nothing is stored. */
export function decode(body: Uint8Array<ArrayBuffer>, about: About, signal: AbortSignal): Promise<Decoded> {
  return ask<Decoded>(`api/v1/decode${search({ ...about })}`, { method: 'POST', body, signal })
}

export function accept(mapping: NewMapping): Promise<Mapping> {
  return ask<Mapping>('api/v1/aliases', { method: 'POST', body: JSON.stringify(mapping) })
}

/** Everything that waits in quarantine for one reason. */
export function waiting(reason: string, signal: AbortSignal): Promise<Quarantined[]> {
  return all<Quarantined>('api/v1/quarantine', { reason, state: 'open' }, signal)
}
