import { computed, effect, signal } from '@preact/signals'
import { byId, meetRules, mutes, refreshMutes } from '../../mutes/state.ts'
import { place, refine } from '../../router.ts'
import { Source } from '../../source.ts'
import { model, now, openAlerts, rankedAlerts, role } from '../../state.ts'
import type { Alert, AlertDetail, List } from '../../wire.ts'
import { acted, withSending } from './acts.ts'
import { getAlert, listAlerts, PAGE } from './client.ts'
import { type Filter, filterOf, questionOf, selects } from './filter.ts'
import { type Group, groupsOf, rowsOf } from './groups.ts'

/** What is on the Alerts page: the list that the address selects, and the alert that is looked at. */

const query = computed(() => (place.value.page === 'alerts' ? place.value.query : {}))
export const filter = computed<Filter>(() => filterOf(query.value))
const filterKey = computed(() => JSON.stringify(filter.value))
export const chosen = computed(() => query.value.alert ?? null)
export const grouped = computed(() => query.value.group !== 'none')

export const list = new Source<List<Alert>>()
const single = new Source<AlertDetail>()
const asked = signal(0)
/** The present to the minute: a list by time need not be made anew each second. */
const minute = computed(() => Math.floor(now.value / 60_000) * 60_000)

/** Open alerts come live; the others are asked for, and asked for again when something changes. */
const isLive = computed(() => filter.value.state === 'open' && model.value.epoch !== '')

export const items = computed<readonly Alert[]>(() => {
  const f = filter.value
  const all = isLive.value ? rankedAlerts.value : (list.state.value.value?.items ?? []).map(newest)
  return all.filter((a) => selects(f, a, minute.value)).map(withSending)
})

function newest(a: Alert): Alert {
  return openAlerts.value.get(a.id) ?? a
}

export const groups = computed<readonly Group[]>(() => groupsOf(items.value))
export const rows = computed(() => rowsOf(items.value))
export const nextCursor = computed(() => (isLive.value ? null : (list.state.value.value?.next_cursor ?? null)))
/** Nothing has come yet, live or asked for. */
export const waiting = computed(() => {
  const { status, value } = list.state.value
  return !isLive.value && (value === null || (status === 'loading' && items.value.length === 0))
})

export interface Shown {
  alert: Alert | null
  /** With its timeline, once that has come. */
  detail: AlertDetail | null
  error: unknown
}

export const shown = computed<Shown>(() => {
  const id = chosen.value
  if (!id) return { alert: null, detail: null, error: null }
  const { status, value, error } = single.state.value
  const detail = value?.id === id ? value : null
  const live = openAlerts.value.get(id)
  const alert = live ?? detail ?? list.state.value.value?.items.find((a) => a.id === id) ?? null
  return { alert: alert && withSending(alert), detail, error: status === 'failed' ? error : null }
})

export function choose(id: string): void {
  refine({ alert: id }, chosen.peek() ? 'replace' : 'push')
}

export function refresh(): void {
  asked.value += 1
}

/** How long changes are gathered before a list that is no live one is asked for again, ms. */
const GATHER = 2000

/** Follows the address and the live alerts; the returned function ends that. */
export function followAlerts(): () => void {
  const stops = [effect(loadList), effect(followChanges), effect(loadSingle), effect(followMutes), effect(learn)]
  refreshMutes()
  return () => {
    for (const stop of stops) stop()
  }
}

function loadList(): void {
  const f = JSON.parse(filterKey.value) as Filter
  void asked.value
  void role.value
  void list.load((abort) => listAlerts(questionOf(f, Date.now()), PAGE, '', abort))
}

function followChanges(): undefined | (() => void) {
  void openAlerts.value
  if (filter.value.state === 'open' || list.state.peek().value === null) return
  const timer = setTimeout(() => {
    const held = list.state.peek().value?.items.length ?? 0
    const many = Math.min(Math.max(PAGE, held), 10 * PAGE)
    void list.load((abort) => listAlerts(questionOf(filter.peek(), Date.now()), many, '', abort))
  }, GATHER)
  return () => clearTimeout(timer)
}

const watched = computed(() => (chosen.value ? openAlerts.value.get(chosen.value) : undefined))

function loadSingle(): void {
  const id = chosen.value
  // Read for their changes, which is when the timeline has grown.
  void watched.value
  void acted.value
  void asked.value
  void role.value
  if (!id) single.clear()
  else void single.load((abort) => getAlert(id, abort))
}

/** A silence that somebody has made since is fetched when an alert names it; asked for once. */
function followMutes(): void {
  const named = items.value.map((a) => a.silenced_by ?? '').filter((id) => id !== '')
  const { status } = mutes.state.peek()
  const unknown = named.find((id) => !byId.peek().has(id) && !looked.has(id))
  if (!unknown || status === 'loading') return
  looked.add(unknown)
  refreshMutes()
}
const looked = new Set<string>()

function learn(): void {
  meetRules(list.state.value.value?.items ?? [])
}

export async function loadMore(): Promise<void> {
  const held = list.state.peek().value
  const cursor = held?.next_cursor
  if (!held || !cursor) return
  const question = questionOf(filter.peek(), Date.now())
  await list.load(async (abort) => {
    const next = await listAlerts(question, PAGE, cursor, abort)
    return { items: [...held.items, ...next.items], next_cursor: next.next_cursor }
  })
}
