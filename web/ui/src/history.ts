import { computed, effect, signal } from '@preact/signals'
import { api } from './api.ts'
import { fold, type Point, points, SPAN } from './series.ts'
import { missed, selectedStation, stations } from './state.ts'
import type { Station } from './wire.ts'

/** What the chart shows: a day of the chosen parameter from history, and the live values behind it. */

export interface History {
  status: 'loading' | 'ready' | 'failed'
  points: readonly Point[]
}

const LOADING: History = { status: 'loading', points: [] }

export const history = signal<History>(LOADING)
const wanted = signal<{ station: string; parameter: string } | null>(null)
const attempt = signal(0)

export function chooseParameter(station: string, parameter: string): void {
  wanted.value = { station, parameter }
}

export function loadAgain(): void {
  attempt.value += 1
}

/** The parameter that the chart shows: the chosen one, else the one nearest to its limit, else the first. */
export const parameter = computed<string | null>(() => {
  const id = selectedStation.value
  if (!id) return null
  const w = wanted.value
  if (w?.station === id) return w.parameter
  const s = stations.value.get(id)
  return s ? worstParameter(s) : null
})

export function worstParameter(s: Station): string | null {
  let worst: string | null = null
  let most = Number.NEGATIVE_INFINITY
  for (const code of s.parameters) {
    const ratio = s.latest[code]?.ratio
    if (typeof ratio === 'number' && ratio > most) {
      most = ratio
      worst = code
    }
  }
  return worst ?? s.parameters[0] ?? null
}

/** Follows the choice; the returned function ends that. */
export function followHistory(now: () => number): () => void {
  /** Everything measured before this came with the history. */
  let until = 0
  const stopLoading = effect(() => {
    const station = selectedStation.value
    const code = parameter.value
    void attempt.value
    // What was measured while the page was cut off comes from history.
    void missed.value
    history.value = LOADING
    if (!station || !code) return
    // The worst parameter may change while it is looked at: what is open stays open.
    wanted.value = { station, parameter: code }
    const abort = new AbortController()
    const to = now()
    api.windows(station, code, new Date(to - SPAN), new Date(to), abort.signal).then(
      (rows) => {
        until = to
        history.value = { status: 'ready', points: points(rows) }
      },
      () => {
        if (!abort.signal.aborted) history.value = { status: 'failed', points: [] }
      },
    )
    return () => abort.abort()
  })
  const stopLive = effect(() => {
    const station = selectedStation.value
    const code = parameter.value
    const latest = station && code ? stations.value.get(station)?.latest[code] : undefined
    const held = history.value
    if (held.status !== 'ready' || !latest || latest.value === null || latest.status !== 'measuring') return
    const at = Date.parse(latest.measured_at)
    if (at < until || latest.flags.includes('out_of_range')) return
    until = at + 1
    history.value = { status: 'ready', points: fold(held.points, at, latest.value) }
  })
  return () => {
    stopLoading()
    stopLive()
  }
}
