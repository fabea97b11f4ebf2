import { computed, effect, signal } from '@preact/signals'
import type { Tagged } from '../../http.ts'
import { place, refine } from '../../router.ts'
import { Source } from '../../source.ts'
import { can, parks, stations } from '../../state.ts'
import type { Text } from '../../wire.ts'
import type { PlaceKind, RegistryEdit } from '../../wire-registry.ts'
import type { LimitSet } from '../../wire-rules.ts'
import { type Record, registry } from './client.ts'

/** What is on the registry's page. Which place is open stands in the address. */

export interface Chosen {
  kind: PlaceKind
  /** '' makes a new one. */
  id: string
}

export const kind = computed<PlaceKind>(() => (place.value.query.kind === 'park' ? 'park' : 'station'))
export const chosen = computed<Chosen | null>(() => {
  const { id, make } = place.value.query
  if (make) return { kind: kind.value, id: '' }
  return id ? { kind: kind.value, id } : null
})
/** The kind, id and tag of what was saved last, so that the form that comes anew with the answer can say so. */
export const saved = signal('')
export const sought = signal('')
export const held = new Source<Tagged<Record>>()
export const edits = new Source<RegistryEdit[]>()
export const limitSets = new Source<LimitSet[]>()
export const rivers = new Source<{ id: string; name: Text }[]>()

export function show(k: PlaceKind): void {
  refine({ kind: k === 'park' ? 'park' : '', id: '', make: '' }, 'push')
}

export function open(id: string): void {
  refine({ id, make: '' }, 'push')
}

export function make(): void {
  refine({ id: '', make: '1' }, 'push')
}

export function close(): void {
  refine({ id: '', make: '' }, 'push')
}

export function loadEdits(): void {
  void edits.load(registry.edits)
}

export function loadHeld(): void {
  const at = chosen.peek()
  if (at?.id) void held.load((signal) => registry.get(at.kind, at.id, signal))
}

/** Loads what the page needs once the reader may see it; the returned function ends that. */
export function followRegistry(): () => void {
  const stopLists = effect(() => {
    if (!can('admin')) return
    loadEdits()
    void limitSets.load(registry.limits)
    void rivers.load(async (signal) => (await registry.rivers(signal)).features.map((f) => f.properties))
  })
  const stopHeld = effect(() => {
    const at = chosen.value
    held.clear()
    if (at?.id && can('admin')) void held.load((signal) => registry.get(at.kind, at.id, signal))
  })
  return () => {
    stopLists()
    stopHeld()
  }
}

export interface Listed {
  id: string
  name: Text
  about: string
  edited: boolean
}

/** What the list shows of a kind: what is live, with a mark where an edit stands over the file. */
export const listed = computed<Listed[]>(() => {
  const marked = new Set((edits.state.value.value ?? []).filter((e) => e.in_force).map((e) => `${e.kind} ${e.id}`))
  const items = kind.value === 'park' ? [...parks.value.values()] : [...stations.value.values()]
  return items.map((p) => ({
    id: p.id,
    name: p.name,
    about: 'park' in p ? p.park : (p.place ?? ''),
    edited: marked.has(`${kind.value} ${p.id}`),
  }))
})
