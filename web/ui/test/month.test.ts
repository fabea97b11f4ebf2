import { expect, test } from 'vitest'
import { monthAfter, monthOf, weeks } from '../src/pages/silences/month.ts'
import type { Mute } from '../src/wire.ts'

const mute = (id: string, from: string, to: string): Mute => ({
  id,
  kind: 'silence',
  matcher: {},
  from,
  to,
  reason: 'r',
  created_at: from,
})

test('a month begins on a Monday at or before its first and holds whole weeks', () => {
  const rows = weeks('2026-11', [])
  // 1 November 2026 is a Sunday, 30 November a Monday.
  expect(rows.length).toBe(6)
  expect(rows.every((r) => r.length === 7)).toBe(true)
  expect(rows[0]?.map((d) => d.date)).toEqual([26, 27, 28, 29, 30, 31, 1])
  expect(
    rows
      .flat()
      .filter((d) => d.within)
      .map((d) => d.date),
  ).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  expect(
    weeks('2027-02', [])
      .flat()
      .filter((d) => d.within).length,
  ).toBe(28)
  expect(weeks('2027-02', []).length).toBe(4)
})

test('what holds stands on each day that it touches, where the stations are', () => {
  const held = [
    // 23:00 on the 9th to 01:00 on the 10th in Vietnam.
    mute('night', '2026-11-09T16:00:00Z', '2026-11-09T18:00:00Z'),
    // To midnight exactly: it does not touch the 12th.
    mute('day', '2026-11-10T17:00:00Z', '2026-11-11T17:00:00Z'),
    mute('long', '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z'),
  ]
  const on = (date: number) =>
    weeks('2026-11', held)
      .flat()
      .find((d) => d.within && d.date === date)
      ?.items.map((m) => m.id)
  expect([8, 9, 10, 11, 12].map(on)).toEqual([
    ['long'],
    ['long', 'night'],
    ['long', 'night'],
    ['long', 'day'],
    ['long'],
  ])
})

test('months follow each other over the year, and what is none is the present one', () => {
  const now = Date.parse('2026-11-30T18:00:00Z')
  expect(monthOf(now)).toBe('2026-12')
  expect(monthAfter('2026-12', 1, now)).toBe('2027-01')
  expect(monthAfter('2026-01', -1, now)).toBe('2025-12')
  expect(monthAfter('soon', 0, now)).toBe('2026-12')
  expect(weeks('2026-13', [])).toEqual([])
})
