import { plain } from '../../i18n/format.ts'
import type { Counts, Ledger, LedgerLine } from '../../wire-doors.ts'

/** The arithmetic of the books, done again here: what the server says balances is not taken on trust. Pure. */

export function sum(c: Counts): number {
  return c.stored + c.quarantined + c.duplicate + c.revised
}

/** How many units were received and are nowhere; negative when more are accounted for than were received. */
export function off(c: Counts): number {
  return c.received - sum(c)
}

export interface Balance {
  sum: number
  off: number
  /** Lines that do not balance by themselves. */
  lines: number
  /** The lines add up to another total than the one that is stated. */
  differ: boolean
  good: boolean
}

const COLUMNS = ['received', 'stored', 'quarantined', 'duplicate', 'revised'] as const

/** Judges all lines, also those that a filter hides. */
export function balance({ items, total }: Ledger): Balance {
  const added: Counts = { received: 0, stored: 0, quarantined: 0, duplicate: 0, revised: 0 }
  let lines = 0
  for (const item of items) {
    for (const column of COLUMNS) added[column] += item[column]
    if (off(item) !== 0) lines += 1
  }
  const differ = COLUMNS.some((column) => added[column] !== total[column])
  return { sum: sum(total), off: off(total), lines, differ, good: off(total) === 0 && lines === 0 && !differ }
}

export function missing(line: LedgerLine): number {
  return line.gaps.reduce((n, g) => n + g.missing, 0)
}

export interface Narrow {
  text: string
  /** Only lines that somebody may have to look at. */
  open: boolean
}

/** The lines that pass; one that does not balance always does. */
export function narrow(lines: readonly LedgerLine[], by: Narrow, nameOf: (station: string) => string): LedgerLine[] {
  const wanted = plain(by.text).split(/\s+/).filter(Boolean)
  return lines.filter((line) => {
    if (off(line) !== 0) return true
    if (by.open && line.quarantined === 0 && line.revised === 0 && line.gaps.length === 0) return false
    const hay = plain(`${line.gateway} ${line.station} ${nameOf(line.station)}`)
    return wanted.every((word) => hay.includes(word))
  })
}

export type Column = 'gateway' | 'station' | (typeof COLUMNS)[number] | 'missing'

export interface Order {
  by: Column
  down: boolean
}

/** Lines that do not balance come first whatever the order. */
export function order(lines: readonly LedgerLine[], { by, down }: Order): LedgerLine[] {
  const sign = down ? -1 : 1
  const value = (line: LedgerLine) => (by === 'missing' ? missing(line) : line[by])
  return [...lines].sort((a, b) => {
    const first = Number(off(b) !== 0) - Number(off(a) !== 0)
    if (first !== 0) return first
    const [x, y] = [value(a), value(b)]
    const n = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))
    return n * sign || a.gateway.localeCompare(b.gateway) || a.station.localeCompare(b.station)
  })
}

export interface StationGap {
  station: string
  from: string
  to: string
  missing: number
}

/** Every gap once, newest first: a station that two gateways sent for has its gaps on both lines. */
export function gapsOf(lines: readonly LedgerLine[]): StationGap[] {
  const seen = new Set<string>()
  const gaps: StationGap[] = []
  for (const { station, gaps: own } of lines) {
    if (seen.has(station)) continue
    seen.add(station)
    for (const g of own) gaps.push({ station, ...g })
  }
  return gaps.sort((a, b) => Date.parse(b.to) - Date.parse(a.to))
}

export interface GatewaySum {
  gateway: string
  /** How many stations it sent for. */
  stations: number
  received: number
  quarantined: number
}

/** The lines of each gateway together, by name. */
export function byGateway(lines: readonly LedgerLine[]): GatewaySum[] {
  const sums = new Map<string, GatewaySum>()
  for (const { gateway, station, received, quarantined } of lines) {
    const s = sums.get(gateway) ?? { gateway, stations: 0, received: 0, quarantined: 0 }
    s.received += received
    s.quarantined += quarantined
    if (station !== '') s.stations += 1
    sums.set(gateway, s)
  }
  return [...sums.values()].sort((a, b) => a.gateway.localeCompare(b.gateway))
}
