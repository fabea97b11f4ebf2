import { effect, signal } from '@preact/signals'
import { Source } from '../../source.ts'
import { can } from '../../state.ts'
import type { Gateway, Mapping } from '../../wire-doors.ts'
import { aliases, gateways } from './client.ts'

/** What is on the Gateways page. */

export const list = new Source<Gateway[]>()
export const mappings = new Source<Mapping[]>()
/** A gateway with its password, for as long as it is shown. It is kept nowhere else. */
export const secret = signal<Gateway | null>(null)

export function loadGateways(): void {
  void list.load(gateways.list)
}

export function loadMappings(): void {
  void mappings.load(aliases.list)
}

/** Loads both lists once the reader may see them; the returned function ends that. */
export function followGateways(): () => void {
  const stop = effect(() => {
    if (!can('admin')) {
      list.clear()
      mappings.clear()
      return
    }
    loadGateways()
    loadMappings()
  })
  return () => {
    stop()
    secret.value = null
  }
}

/** Puts the answer to a change into the list, without its password. */
export function take(changed: Gateway): void {
  const { password: _, ...kept } = changed
  const held = list.state.peek().value ?? []
  const others = held.filter((g) => g.id !== kept.id)
  list.set([...others, kept].sort((a, b) => a.id.localeCompare(b.id)))
  if (changed.password) secret.value = changed
}

export function drop(id: string): void {
  list.set((list.state.peek().value ?? []).filter((g) => g.id !== id))
}

export function takeMapping(m: Mapping): void {
  mappings.set([...(mappings.state.peek().value ?? []).filter((x) => x.id !== m.id), m])
}

export function dropMapping(id: string): void {
  mappings.set((mappings.state.peek().value ?? []).filter((m) => m.id !== id))
}
