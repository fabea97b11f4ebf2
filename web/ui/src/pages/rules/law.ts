import { effect } from '@preact/signals'
import { ask, id } from '../../http.ts'
import { Source } from '../../source.ts'
import { role } from '../../state.ts'
import type { FactorTable, LimitSet } from '../../wire-rules.ts'

/** The law that values are judged by, and who compared it with the official text. */

export interface Law {
  items: LimitSet[]
  next_cursor: string | null
  factor_tables: FactorTable[]
}

export const law = new Source<Law>()

export function loadLaw(): void {
  void law.load((signal) => ask<Law>('api/v1/limits?limit=1000', { signal }))
}

export function followLaw(): () => void {
  return effect(() => {
    void role.value
    loadLaw()
  })
}

export async function verify(set: string, who: string): Promise<void> {
  const body = JSON.stringify({ verified_by: who })
  takeSet(await ask<LimitSet>(`api/v1/limits/${id(set)}/verify`, { method: 'POST', body }))
}

export async function unverify(set: string): Promise<void> {
  await ask<void>(`api/v1/limits/${id(set)}/verify`, { method: 'DELETE' })
  loadLaw()
}

function takeSet(changed: LimitSet): void {
  const held = law.state.peek().value
  if (held) law.set({ ...held, items: held.items.map((s) => (s.id === changed.id ? changed : s)) })
}

/** Whether a set is in force at an instant. Pure. */
export function validity(s: Pick<LimitSet, 'from' | 'to'>, at: number): 'now' | 'later' | 'over' {
  if (s.from && at < Date.parse(s.from)) return 'later'
  return s.to && at >= Date.parse(s.to) ? 'over' : 'now'
}
