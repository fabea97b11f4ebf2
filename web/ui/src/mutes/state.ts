import { computed, signal } from '@preact/signals'
import { Source } from '../source.ts'
import { openAlerts, parameters, parks, stations } from '../state.ts'
import type { Mute, Text } from '../wire.ts'
import { listMutes, listRules } from './client.ts'
import type { Names } from './sentence.ts'

/** The silences and maintenance windows, which the Alerts page and their own both show. */

export const mutes = new Source<Mute[]>()

export const byId = computed<ReadonlyMap<string, Mute>>(
  () => new Map((mutes.state.value.value ?? []).map((m) => [m.id, m])),
)

export function refreshMutes(): void {
  void mutes.load(listMutes)
}

/** The names of rules: those in force, and those of alerts whose rule is gone. */
const met = signal<ReadonlyMap<string, Text>>(new Map())

export function meetRules(alerts: Iterable<{ rule: string; rule_name?: Text }>): void {
  const next = new Map(met.peek())
  for (const a of alerts) if (a.rule_name) next.set(a.rule, a.rule_name)
  if (next.size !== met.peek().size) met.value = next
}

let asked = false

/** Once; without an answer, what the alerts say of their rules has to do. */
export function fetchRules(): void {
  if (asked) return
  asked = true
  listRules().then(
    (items) => meetRules(items.map(({ id, name }) => ({ rule: id, rule_name: name ?? { vi: id, en: id } }))),
    () => {
      asked = false
    },
  )
}

export const rules = computed<ReadonlyMap<string, Text>>(() => {
  const out = new Map(met.value)
  for (const a of openAlerts.value.values()) if (a.rule_name) out.set(a.rule, a.rule_name)
  return out
})

export const names = computed<Names>(() => ({
  parks: parks.value,
  stations: stations.value,
  parameters: parameters.value,
  rules: rules.value,
}))
