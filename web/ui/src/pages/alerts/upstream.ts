import { effect, signal } from '@preact/signals'
import { ask, id } from '../../http.ts'
import { Source } from '../../source.ts'
import type { Text } from '../../wire.ts'
import { chosen } from './state.ts'

/** Which outfalls may be behind the alert that is open. It is asked for by a press: the history of many outfalls is read for it. */

export interface Candidate {
  rank: number
  station: string
  name: Text
  park: string
  river: string
  distance_km: number
  travel_hours: number
  change: number | null
  load_kg_day: number | null
  baseline_kg_day: number | null
  at: string
}

export interface Upstream {
  items: Candidate[]
  reason: string | null
}

export const upstream = new Source<Upstream>()
/** The alert that was asked about. */
export const askedFor = signal<string | null>(null)

export function lookUpstream(alert: string): void {
  askedFor.value = alert
  void upstream.load((signal) => ask<Upstream>(`api/v1/alerts/${id(alert)}/upstream`, { signal }))
}

/** Forgets the answer with the alert; the returned function ends that. */
export function followUpstream(): () => void {
  return effect(() => {
    if (chosen.value === askedFor.peek()) return
    askedFor.value = null
    upstream.clear()
  })
}
