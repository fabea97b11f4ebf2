import { stationOf } from '../../alert.ts'
import { type Alert, SEVERITIES, type Severity } from '../../wire.ts'

/** What the address of the page selects. Pure. */

export const STATES = ['open', 'resolved', 'withdrawn', 'any'] as const
export type ShownState = (typeof STATES)[number]

export const SPANS = { '24h': 86_400_000, '7d': 7 * 86_400_000, '30d': 30 * 86_400_000 } as const
export type Span = keyof typeof SPANS

export interface Filter {
  state: ShownState
  severity: Severity | ''
  park: string
  station: string
  parameter: string
  rule: string
  /** When it opened: within this span up to the present, or "". */
  span: Span | ''
}

/** What stands open is what somebody has to do something about, so it is what is shown first. */
export function filterOf(query: Readonly<Record<string, string>>): Filter {
  return {
    state: STATES.find((s) => s === query.state) ?? 'open',
    severity: SEVERITIES.find((s) => s === query.severity) ?? '',
    park: query.park ?? '',
    station: query.station ?? '',
    parameter: query.parameter ?? '',
    rule: query.rule ?? '',
    span: (Object.keys(SPANS) as Span[]).find((s) => s === query.span) ?? '',
  }
}

/** The fields of the address that are the filter, each empty. */
export const NOTHING = { severity: '', park: '', station: '', parameter: '', rule: '', span: '' } as const

export function isNarrow(f: Filter): boolean {
  return Object.keys(NOTHING).some((k) => f[k as keyof typeof NOTHING] !== '')
}

/** When an alert must have opened to be shown, ms; null without a bound. Whole minutes, so that the question stays the same. */
export function since(f: Filter, now: number): number | null {
  return f.span === '' ? null : Math.floor((now - SPANS[f.span]) / 60_000) * 60_000
}

/** The question to the API; it knows each filter. */
export function questionOf(f: Filter, now: number): Record<string, string> {
  const from = since(f, now)
  const { severity, park, station, parameter, rule } = f
  return {
    state: f.state === 'any' ? '' : f.state,
    severity,
    park,
    station,
    parameter,
    rule,
    from: from === null ? '' : new Date(from).toISOString(),
  }
}

/** The same choice made here, for what comes live. */
export function selects(f: Filter, a: Alert, now: number): boolean {
  const from = since(f, now)
  return (
    (f.state === 'any' || a.state === f.state) &&
    (f.severity === '' || a.severity === f.severity) &&
    (f.park === '' || a.park?.id === f.park) &&
    (f.station === '' || stationOf(a) === f.station) &&
    (f.parameter === '' || a.parameter === f.parameter) &&
    (f.rule === '' || a.rule === f.rule) &&
    (from === null || Date.parse(a.opened_at) >= from)
  )
}
