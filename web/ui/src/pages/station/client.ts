import { all, ask, id, search } from '../../http.ts'
import type { List, RawRow, WindowRow } from '../../wire.ts'
import type { Conflict, Ledger } from '../../wire-doors.ts'
import type { Passport } from '../../wire-passport.ts'
import type { Of } from './compare.ts'
import { fromRaw, fromWindows, type Value } from './line.ts'
import { BEHIND, DAY_OFFSET, MOST_POINTS, type Span, type Step } from './span.ts'

type Times = Pick<Span, 'from' | 'to'>

function times({ from, to }: Times): { from: string; to: string } {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}

export function getPassport(station: string, signal: AbortSignal): Promise<Passport> {
  return ask(`api/v1/stations/${id(station)}/passport`, { signal })
}

function windows(of: Of, span: Times, every: string, fn: 'mean' | 'min' | 'max', signal: AbortSignal) {
  const offset = every === '24h' ? DAY_OFFSET : ''
  return all<WindowRow>(
    `api/v1/stations/${id(of.station)}/readings`,
    { parameter: of.parameter, ...times(span), every, offset, fn, limit: String(2 * MOST_POINTS) },
    signal,
  )
}

/** A mean of part of a window is none of the window: it is asked for from where its first window begins. */
export function getMeans(of: Of, span: Times, step: Step, signal: AbortSignal): Promise<Value[]> {
  const behind = step.every === '24h' ? BEHIND : 0
  const from = Math.floor((span.from - behind) / step.ms) * step.ms + behind
  return getLine(of, { from, to: span.to }, step, false, signal)
}

/** A line in steps; `spread` asks for the least and the greatest of each as well. */
export async function getLine(of: Of, span: Times, step: Step, spread: boolean, signal: AbortSignal): Promise<Value[]> {
  if (step.every === '') {
    const { items } = await rawRows(of, span, { most: 2 * MOST_POINTS }, signal)
    return fromRaw(items)
  }
  const fns = spread ? (['mean', 'min', 'max'] as const) : (['mean'] as const)
  const [means = [], least, greatest] = await Promise.all(fns.map((fn) => windows(of, span, step.every, fn, signal)))
  return fromWindows(means, least, greatest)
}

interface Page {
  most: number
  cursor?: string
  marked?: boolean
}

export function rawRows(of: Of, span: Times, page: Page, signal: AbortSignal): Promise<List<RawRow>> {
  const { most, cursor = '', marked = false } = page
  const query = { parameter: of.parameter, ...times(span), limit: String(most), cursor, only: marked ? 'marked' : '' }
  return ask(`api/v1/stations/${id(of.station)}/readings${search(query)}`, { signal })
}

export function listConflicts(of: Of, span: Times, most: number, signal: AbortSignal): Promise<List<Conflict>> {
  const query = { parameter: of.parameter, ...times(span), limit: String(most) }
  return ask(`api/v1/stations/${id(of.station)}/conflicts${search(query)}`, { signal })
}

export function getBooks(station: string, span: Times, signal: AbortSignal): Promise<Ledger> {
  return ask(`api/v1/ledger${search({ station, ...times(span) })}`, { signal })
}
