import { computed, signal } from '@preact/signals'
import type { Alert } from '../../wire.ts'
import { choose, chosen, items, shown } from './state.ts'

/** Which alerts an act is about, and the dialog that asks for the rest of it. */

export type Ask = 'comments' | 'assign' | 'close' | 'silence'

export const asking = signal<{ what: Ask; alerts: readonly Alert[] } | null>(null)

const ticked = signal<ReadonlySet<string>>(new Set())
/** The row that has the focus. */
export const focused = signal<string | null>(null)

/** Those that are ticked and still in the list. */
export const selection = computed<readonly Alert[]>(() => items.value.filter((a) => ticked.value.has(a.id)))

export function isTicked(id: string): boolean {
  return ticked.value.has(id)
}

export function tick(id: string, on = !ticked.peek().has(id)): void {
  const next = new Set(ticked.peek())
  if (on) next.add(id)
  else next.delete(id)
  ticked.value = next
}

export function tickAll(on: boolean): void {
  ticked.value = new Set(on ? items.peek().map((a) => a.id) : [])
}

/** One alert: the one with the focus, else the one that is looked at. */
export function subject(): Alert | null {
  const id = focused.peek()
  return items.peek().find((a) => a.id === id) ?? shown.peek().alert
}

/** What acts on several act on: the selection where there is one. */
export function subjects(): readonly Alert[] {
  const several = selection.peek()
  if (several.length > 0) return several
  const one = subject()
  return one ? [one] : []
}

/** Moves the focus through the rows as they stand on the page. */
export function step(by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const from = focused.peek() ?? chosen.peek()
  const at = all.findIndex((e) => e.dataset.row === from)
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

export function open(): void {
  const id = focused.peek()
  if (id) choose(id)
}
