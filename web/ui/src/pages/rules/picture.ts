import { DAY } from '../../parts/zone.ts'
import type { BacktestDay, BacktestReport, BacktestSpan } from '../../wire-rules.ts'

/** How a backtest is drawn: bars by day, lanes by station. Pure. */

export interface DayBar {
  day: string
  before: number
  after: number
}

/** Days side by side, gathered so that no more than `most` are drawn. */
export function dayBars(days: readonly BacktestDay[], most = 92): DayBar[] {
  const size = Math.max(1, Math.ceil(days.length / most))
  const out: DayBar[] = []
  for (let i = 0; i < days.length; i += size) {
    const some = days.slice(i, i + size)
    out.push({
      day: some[0]?.day ?? '',
      before: sum(some.map((d) => d.in_force ?? 0)),
      after: sum(some.map((d) => d.draft)),
    })
  }
  return out
}

function sum(list: readonly number[]): number {
  return list.reduce((a, b) => a + b, 0)
}

export interface Mark {
  span: BacktestSpan
  /** Parts of the width, 0 to 1. */
  left: number
  width: number
}

export interface Lane {
  station: string
  before: Mark[]
  after: Mark[]
  /** How many of them only one side has, and how many are true exceedances missed. */
  alone: number
  missed: number
}

/** Bars that are shorter would not be seen. */
const THINNEST = 0.003

/** A lane for each station that has an alert, those that differ most first. */
export function lanes(report: Pick<BacktestReport, 'from' | 'to' | 'spans'>): Lane[] {
  const from = Date.parse(report.from)
  const whole = Math.max(1, Date.parse(report.to) - from)
  const byStation = new Map<string, Lane>()
  for (const span of report.spans) {
    let lane = byStation.get(span.station)
    if (!lane) {
      lane = { station: span.station, before: [], after: [], alone: 0, missed: 0 }
      byStation.set(span.station, lane)
    }
    const begin = Math.max(0, (Date.parse(span.from) - from) / whole)
    const end = Math.min(1, (Date.parse(span.to) - from) / whole)
    const width = Math.max(end - begin, THINNEST)
    const mark = { span, left: Math.min(begin, 1 - width), width }
    if (span.side === 'draft') lane.after.push(mark)
    else lane.before.push(mark)
    if (span.alone) lane.alone += 1
    if (span.missed) lane.missed += 1
  }
  return [...byStation.values()].sort(
    (a, b) => b.missed - a.missed || b.alone - a.alone || a.station.localeCompare(b.station),
  )
}

export type Difference = 'missed' | 'gone' | 'added'

export function differenceOf(span: BacktestSpan): Difference {
  if (span.missed) return 'missed'
  return span.side === 'draft' ? 'added' : 'gone'
}

const WEIGHT: Record<Difference, number> = { missed: 0, gone: 1, added: 2 }

/** What only one side has: what is missed first, of each kind the newest. */
export function differences(spans: readonly BacktestSpan[]): BacktestSpan[] {
  return spans
    .filter((s) => s.alone)
    .sort((a, b) => WEIGHT[differenceOf(a)] - WEIGHT[differenceOf(b)] || Date.parse(b.from) - Date.parse(a.from))
}

/** The length of the span in days, to a tenth. */
export function daysOf(report: Pick<BacktestReport, 'from' | 'to'>): number {
  return Math.round(((Date.parse(report.to) - Date.parse(report.from)) / DAY) * 10) / 10
}
