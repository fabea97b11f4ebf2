import { computed, signal } from '@preact/signals'
import { Problem } from '../../http.ts'
import { DAY } from '../../parts/zone.ts'
import type { BacktestProgress, BacktestReport } from '../../wire-rules.ts'
import { rules } from './client.ts'
import { text } from './desk.ts'
import { chosen } from './state.ts'

/** The backtest of the draft: one at a time, with its progress, and its report until the next. */

export const SPANS = [1, 7, 30, 90] as const
export type Span = (typeof SPANS)[number]

export const span = signal<Span>(90)
export const onlyStations = signal<readonly string[]>([])

type State =
  | { kind: 'none' | 'stopped' | 'busy' }
  | { kind: 'running'; progress: BacktestProgress | null }
  | { kind: 'failed'; error: unknown }

export const state = signal<State>({ kind: 'none' })

interface Done {
  rule: string
  /** The draft that the report is of. */
  text: string
  report: BacktestReport
}

const last = signal<Done | null>(null)
export const report = computed(() => (last.value?.rule === chosen.value ? (last.value?.report ?? null) : null))
export const stale = computed(() => report.value !== null && last.value?.text !== text.value)
/** The draft as it stands has been tried. */
export const tried = computed(() => report.value !== null && !stale.value)

let abort: AbortController | null = null

export async function run(now: number): Promise<void> {
  const rule = chosen.peek()
  if (!rule || abort) return
  const mine = new AbortController()
  abort = mine
  const draft = text.peek()
  state.value = { kind: 'running', progress: null }
  const asked = {
    rule: draft,
    from: new Date(now - span.peek() * DAY).toISOString(),
    to: new Date(now).toISOString(),
    stations: onlyStations.peek(),
  }
  const heard = (progress: BacktestProgress) => {
    if (!mine.signal.aborted) state.value = { kind: 'running', progress }
  }
  try {
    const answer = await rules.backtest(rule, asked, heard, mine.signal)
    last.value = { rule, text: draft, report: answer }
    state.value = { kind: 'none' }
  } catch (error) {
    state.value = after(error, mine.signal.aborted)
  }
  abort = null
}

function after(error: unknown, aborted: boolean): State {
  if (aborted) return { kind: 'stopped' }
  return error instanceof Problem && error.status === 429 ? { kind: 'busy' } : { kind: 'failed', error }
}

/** The server ends its work when nobody listens any more. */
export function stop(): void {
  abort?.abort()
}
