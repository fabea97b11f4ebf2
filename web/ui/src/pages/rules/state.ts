import { computed, effect } from '@preact/signals'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { openAlerts, parameters, parks, role, stations } from '../../state.ts'
import type { RuleEntry } from '../../wire-rules.ts'
import { rules } from './client.ts'
import type { Names } from './sentence.ts'

/** What is on the Rules page. */

const query = computed(() => (place.value.page === 'rules' ? place.value.query : {}))

export const TABS = ['rules', 'limits'] as const
export type Tab = (typeof TABS)[number]
export const tab = computed<Tab>(() => (query.value.tab === 'limits' ? 'limits' : 'rules'))
/** The rule whose draft is open. */
export const chosen = computed(() => query.value.rule ?? null)

export const list = new Source<RuleEntry[]>()

export function loadRules(): void {
  void list.load(rules.list)
}

/** Loads the rules, anew for each reader; the returned function ends that. */
export function followRules(): () => void {
  return effect(() => {
    void role.value
    loadRules()
  })
}

export const names = computed<Names>(() => ({
  parks: parks.value,
  stations: stations.value,
  parameters: parameters.value,
}))

/** How many alerts of each rule are open. */
export const openByRule = computed<ReadonlyMap<string, number>>(() => {
  const n = new Map<string, number>()
  for (const a of openAlerts.value.values()) n.set(a.rule, (n.get(a.rule) ?? 0) + 1)
  return n
})

export function entryOf(id: string): RuleEntry | undefined {
  return list.state.value.value?.find((r) => r.id === id)
}

/** Puts the answer to a change into the list, where it stood. */
export function take(changed: RuleEntry): void {
  const held = list.state.peek().value ?? []
  const known = held.some((r) => r.id === changed.id)
  list.set(known ? held.map((r) => (r.id === changed.id ? changed : r)) : [...held, changed])
}
