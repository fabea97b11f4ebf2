import { describe, expect, test } from 'vitest'
import { balance, byGateway, gapsOf, narrow, off, order } from '../src/pages/ledger/books.ts'
import { spanOf } from '../src/pages/ledger/range.ts'
import { csv } from '../src/parts/csv.ts'
import type { Counts, Gap, LedgerLine } from '../src/wire-doors.ts'

const counts = (received: number, stored: number, quarantined = 0, duplicate = 0, revised = 0): Counts => ({
  received,
  stored,
  quarantined,
  duplicate,
  revised,
})
const line = (gateway: string, station: string, c: Counts, gaps: Gap[] = []): LedgerLine => ({
  gateway,
  station,
  ...c,
  gaps,
})

const fine = line('gw-1', 'amata-01', counts(10, 6, 2, 1, 1))
const short = line('gw-2', 'bien-hoa-01', counts(10, 9))
const names = (station: string) => (station === 'bien-hoa-01' ? 'Trạm KCN Biên Hòa' : '')

describe('the books', () => {
  test('balance when every unit received is in one place', () => {
    const b = balance({ items: [fine], total: counts(10, 6, 2, 1, 1) })
    expect(b).toMatchObject({ good: true, sum: 10, off: 0, lines: 0, differ: false })
  })

  test('a line that is short is told, also where another one makes up for it in the total', () => {
    const over = line('gw-3', 'x', counts(10, 11))
    const b = balance({ items: [short, over], total: counts(20, 20) })
    expect(b).toMatchObject({ good: false, off: 0, lines: 2, differ: false })
    expect([off(short), off(over)]).toEqual([1, -1])
  })

  test('a total that is not that of the lines is told', () => {
    expect(balance({ items: [fine], total: counts(11, 7, 2, 1, 1) })).toMatchObject({
      good: false,
      off: 0,
      differ: true,
    })
  })

  test('a retried delivery may take units back out of quarantine', () => {
    expect(balance({ items: [line('g', 's', counts(1, 2, -1))], total: counts(1, 2, -1) }).good).toBe(true)
  })

  test('a filter finds names without marks, and never hides a line that does not balance', () => {
    const calm = line('gw-4', 'calm', counts(5, 5))
    const all = [fine, calm, short]
    expect(narrow(all, { text: 'amata', open: false }, names)).toEqual([fine, short])
    expect(narrow([calm], { text: 'bien hoa', open: false }, names)).toEqual([])
    expect(narrow(all, { text: '', open: true }, names)).toEqual([fine, short])
  })

  test('lines that do not balance come first in every order', () => {
    const big = line('a', 's', counts(99, 99))
    expect(order([fine, big, short], { by: 'received', down: true })).toEqual([short, big, fine])
    expect(order([fine, big, short], { by: 'gateway', down: false })[0]).toBe(short)
  })

  test('the lines of a gateway add up; one without a station is not counted as a station', () => {
    const lines = [line('g2', 's', counts(1, 1)), line('g1', 'a', counts(5, 4, 1)), line('g1', '', counts(2, 0, 2))]
    expect(byGateway(lines)).toEqual([
      { gateway: 'g1', stations: 1, received: 7, quarantined: 3 },
      { gateway: 'g2', stations: 1, received: 1, quarantined: 0 },
    ])
  })

  test('gaps of a station stand once, newest first', () => {
    const gap = (to: string, missing: number) => ({ from: '2026-11-24T00:00:00Z', to, missing })
    const gaps = [gap('2026-11-24T01:00:00Z', 2), gap('2026-11-24T05:00:00Z', 3)]
    const found = gapsOf([line('g1', 's', counts(0, 0), gaps), line('g2', 's', counts(0, 0), gaps)])
    expect(found.map((g) => g.missing)).toEqual([3, 2])
  })
})

describe('the span', () => {
  // 01:05 on the 25th where the stations are.
  const now = Date.parse('2026-11-24T18:05:00Z')

  test('today begins at midnight in Viet Nam', () => {
    expect(new Date(spanOf({}, now).from).toISOString()).toBe('2026-11-24T17:00:00.000Z')
  })

  test('own times are those of Viet Nam', () => {
    const s = spanOf({ range: 'own', from: '2026-11-24T00:00', to: '2026-11-24T06:30' }, now)
    expect([s.valid, s.from, s.to]).toEqual([
      true,
      Date.parse('2026-11-23T17:00:00Z'),
      Date.parse('2026-11-23T23:30:00Z'),
    ])
  })

  test('times that are no span are said to be none', () => {
    for (const query of [
      { from: '2026-11-24T06:30', to: '2026-11-24T06:30' },
      { from: '2026-13-40T06:30', to: '2026-11-24T06:30' },
      { from: '', to: '' },
    ]) {
      expect(spanOf({ range: 'own', ...query }, now).valid).toBe(false)
    }
  })
})

test('a table for a spreadsheet is quoted, and no name runs as a formula', () => {
  expect(csv([['a,b', 'say "x"', '=1+1', -3, 'Biên Hòa']])).toBe('\ufeff"a,b","say ""x""",\'=1+1,-3,Biên Hòa\r\n')
})
