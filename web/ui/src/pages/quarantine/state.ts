import { computed, effect, signal } from '@preact/signals'
import { fromBase64 } from '../../parts/bytes.ts'
import { Retries } from '../../parts/retry.ts'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { now, role } from '../../state.ts'
import type { List } from '../../wire.ts'
import type { Decoded, Quarantined, Receipt } from '../../wire-doors.ts'
import { decode } from '../decode/client.ts'
import { type Filter, getEntry, listEntries, retryEntry } from './client.ts'
import { filterOf } from './filter.ts'

/** What is on the Quarantine page: the list that the address selects, and the entry that is looked at. */

const query = computed(() => (place.value.page === 'quarantine' ? place.value.query : {}))
export const filter = computed<Filter>(() => filterOf(query.value))
const filterKey = computed(() => JSON.stringify(filter.value))
export const chosen = computed(() => query.value.entry ?? null)

export const list = new Source<List<Quarantined>>()
const single = new Source<Quarantined>()
/** Entries that were retried on this page, and when: the list need not come again for that. */
const retried = signal<ReadonlyMap<string, number>>(new Map())
const asked = signal(0)

export const items = computed<readonly Quarantined[]>(() => (list.state.value.value?.items ?? []).map(marked))

function marked(e: Quarantined): Quarantined {
  const at = retried.value.get(e.id)
  return at && !e.retried_at ? { ...e, retried_at: new Date(at).toISOString() } : e
}

/** The chosen entry: from the list, else fetched alone, as for a link to one that the filter leaves out. */
export const entry = computed<{ value: Quarantined | null; error: unknown; loading: boolean }>(() => {
  const id = chosen.value
  const listed = items.value.find((e) => e.id === id)
  if (!id || listed) return { value: listed ?? null, error: null, loading: false }
  const { status, value, error } = single.state.value
  if (status === 'ready' && value?.id === id) return { value: marked(value), error: null, loading: false }
  return { value: null, error: status === 'failed' ? error : null, loading: status !== 'failed' }
})

export const open = computed(() => items.value.filter((e) => !e.retried_at))

export function refresh(): void {
  asked.value += 1
}

/** Follows the address; the returned function ends that. */
export function followQuarantine(): () => void {
  const stopList = effect(() => {
    const f = JSON.parse(filterKey.value) as Filter
    void asked.value
    void role.value
    void list.load((abort) => listEntries(f, '', abort))
  })
  const stopRun = effect(() => {
    void filterKey.value
    many.clear()
  })
  const stopEntry = effect(() => {
    const id = chosen.value
    const { status } = list.state.value
    one.clear()
    if (!id || status === 'loading' || items.peek().some((e) => e.id === id)) return
    void single.load((abort) => getEntry(id, abort))
  })
  return () => {
    stopList()
    stopRun()
    stopEntry()
  }
}

export async function loadMore(): Promise<void> {
  const held = list.state.peek().value
  const cursor = held?.next_cursor
  if (!held || !cursor) return
  const f = filter.peek()
  await list.load(async (abort) => {
    const next = await listEntries(f, cursor, abort)
    return { items: [...held.items, ...next.items], next_cursor: next.next_cursor }
  })
}

async function retry(id: string): Promise<Receipt> {
  const receipt = await retryEntry(id)
  retried.value = new Map(retried.peek()).set(id, now.peek())
  return receipt
}

/** The run over everything that is shown, and the one for the entry that is looked at. */
export const many = new Retries(retry)
export const one = new Retries(retry)

/** Tries again everything that is shown. What is still not usable comes back as entries of its own. */
export async function retryShown(): Promise<void> {
  await many.run(open.peek().map((e) => e.id))
  refresh()
}

export const decoded = new Source<Decoded>()
/** The entry that decoded belongs to. */
export const decodedOf = signal<string | null>(null)

export function decodeEntry(e: Quarantined): void {
  decodedOf.value = e.id
  const about = { topic: e.topic, filename: '', now: e.received_at }
  void decoded.load((abort) => decode(bytesOf(e), about, abort))
}

export function bytesOf(e: Quarantined): Uint8Array<ArrayBuffer> {
  return fromBase64(e.body) ?? new Uint8Array()
}
