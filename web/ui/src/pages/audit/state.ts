import { computed, effect, signal } from '@preact/signals'
import { ask, search } from '../../http.ts'
import { fromLocal } from '../../parts/zone.ts'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { can } from '../../state.ts'
import type { AuditEntry, List } from '../../wire.ts'

/** What is on the Audit page: the entries that the address selects, newest first. */

export const FILTERS = ['actor', 'action', 'object', 'from', 'to'] as const
export type Filter = Record<(typeof FILTERS)[number], string>

const query = computed(() => (place.value.page === 'audit' ? place.value.query : {}))
export const filter = computed<Filter>(() => ({
  actor: query.value.actor ?? '',
  action: query.value.action ?? '',
  object: query.value.object ?? '',
  from: query.value.from ?? '',
  to: query.value.to ?? '',
}))
const key = computed(() => JSON.stringify(filter.value))

export const list = new Source<List<AuditEntry>>()
export const reading = signal(false)
export const failed = signal<unknown>(null)

function entries(f: Filter, cursor: string, abort?: AbortSignal): Promise<List<AuditEntry>> {
  const time = (local: string) => {
    const at = fromLocal(local)
    return at === null ? '' : new Date(at).toISOString()
  }
  const q = { limit: '100', ...f, from: time(f.from), to: time(f.to), cursor }
  return ask(`api/v1/audit${search(q)}`, abort ? { signal: abort } : {})
}

export function refresh(): void {
  void list.load((abort) => entries(filter.peek(), '', abort))
}

/** Reads further back. A search may come back with nothing and still not be at its end. */
export async function more(): Promise<void> {
  const held = list.state.peek().value
  if (!held?.next_cursor) return
  reading.value = true
  failed.value = null
  const asked = key.peek()
  try {
    const page = await entries(filter.peek(), held.next_cursor)
    if (asked === key.peek()) list.set({ items: [...held.items, ...page.items], next_cursor: page.next_cursor })
  } catch (err) {
    failed.value = err
  }
  reading.value = false
}

/** Follows the address; the returned function ends that. */
export function followAudit(): () => void {
  return effect(() => {
    void key.value
    if (can('admin')) refresh()
    else list.clear()
  })
}
