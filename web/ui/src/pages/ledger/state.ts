import { computed, effect, signal } from '@preact/signals'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { role, stations, words } from '../../state.ts'
import type { Conflict, Ledger, LedgerLine } from '../../wire-doors.ts'
import { balance, narrow, type Order, order } from './books.ts'
import { getLedger, listConflicts } from './client.ts'
import { type Span, spanOf } from './range.ts'

/** What is on the Ledger page. The span and the filter stand in the address. */

const query = computed(() => (place.value.page === 'ledger' ? place.value.query : {}))
const spanKey = computed(() => [query.value.range ?? '', query.value.from ?? '', query.value.to ?? ''].join())
const asked = signal(0)

export const ledger = new Source<Ledger>()
/** The span that the ledger was asked for, so that it does not creep on while it is read. */
export const span = signal<Span>(spanOf({}, Date.now()))
export const text = computed(() => query.value.q ?? '')
export const onlyOpen = computed(() => query.value.only === 'open')
export const sorting = signal<Order>({ by: 'gateway', down: false })
export const conflictsOf = computed(() => query.value.conflicts ?? null)
export const conflicts = new Source<Conflict[]>()

export function stationName(station: string): string {
  return words.value.text(stations.value.get(station)?.name)
}

export const books = computed(() => {
  const { value } = ledger.state.value
  return value ? balance(value) : null
})

export const lines = computed<readonly LedgerLine[]>(() => {
  const { value } = ledger.state.value
  if (!value) return []
  return order(narrow(value.items, { text: text.value, open: onlyOpen.value }, stationName), sorting.value)
})

export function refresh(): void {
  asked.value += 1
}

/** Follows the address; the returned function ends that. */
export function followLedger(): () => void {
  const stopBooks = effect(() => {
    void spanKey.value
    void asked.value
    void role.value
    const next = spanOf(query.peek(), Date.now())
    span.value = next
    if (next.valid) void ledger.load((abort) => getLedger(next, abort))
  })
  const stopConflicts = effect(() => {
    const station = conflictsOf.value
    const within = span.value
    conflicts.clear()
    if (station && within.valid) void conflicts.load((abort) => listConflicts(station, within, abort))
  })
  return () => {
    stopBooks()
    stopConflicts()
  }
}
