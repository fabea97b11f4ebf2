import { ask, id, search } from '../../http.ts'
import type { List } from '../../wire.ts'
import type { Quarantined, Receipt } from '../../wire-doors.ts'

export interface Filter {
  reason: string
  door: string
  gateway: string
  /** "open", "retried", or "" for both. */
  state: string
}

/** Bodies come with the entries, so a page of them is kept small. */
const PAGE = 50

export function listEntries(filter: Filter, cursor: string, signal: AbortSignal): Promise<List<Quarantined>> {
  return ask(`api/v1/quarantine${search({ ...filter, limit: String(PAGE), cursor })}`, { signal })
}

export function getEntry(entry: string, signal: AbortSignal): Promise<Quarantined> {
  return ask(`api/v1/quarantine/${id(entry)}`, { signal })
}

export function retryEntry(entry: string): Promise<Receipt> {
  return ask(`api/v1/quarantine/${id(entry)}/retry`, { method: 'POST' })
}
