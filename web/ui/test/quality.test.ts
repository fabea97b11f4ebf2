import { describe, expect, it } from 'vitest'
import { isDaily, rowsOf } from '../src/pages/quality/cells.ts'
import { missed, narrow, order, percent, standing } from '../src/pages/quality/figures.ts'
import { spanOf } from '../src/pages/quality/span.ts'
import type { StationFigures, Strip } from '../src/wire-quality.ts'

const NOW = Date.parse('2026-11-24T05:00:00Z')

function station(id: string, complete: number | null, more: Partial<StationFigures> = {}): StationFigures {
  const figure = (value: number | null, target: number, parts: object = {}) => ({
    value,
    target,
    ok: value === null ? null : value >= target,
    reason: value === null ? 'no_data' : null,
    parts,
  })
  return {
    station: id,
    park: 'p',
    since: null,
    silent_seconds: null,
    todo: [],
    correct: figure(1, 0.95),
    complete: figure(complete, 0.95, { above_floor: complete === null ? null : complete >= 0.8 }),
    clean: figure(1, 0.98),
    alive: figure(1, 0.95),
    uniform: figure(1, 1),
    shared: { ...figure(1, 1), ok: null },
    ...more,
  } as StationFigures
}

describe('figures', () => {
  it('cuts a share and never rounds it up to what it is not', () => {
    expect([1, 0.9996, 0.79999, 0.8, 0.29, 0].map(percent)).toEqual([100, 99.9, 79.9, 80, 29, 0])
  })

  it('knows the floor of 80 %, which exactly 80 % reaches', () => {
    const all = [0.96, 0.8, 0.7999, null].map((v) => standing('complete', station('s', v)))
    expect(all).toEqual(['met', 'below', 'floor', 'unknown'])
    expect(standing('shared', station('s', 1))).toBe('unknown')
  })

  it('counts missed targets, not unknown ones', () => {
    expect([station('a', 0.5), station('b', 1), station('c', null)].map(missed)).toEqual([1, 0, 0])
  })

  it('puts the worst first, and what has no value last either way', () => {
    const all = [station('a', 1), station('b', 0.4), station('c', null), station('d', 0.9)]
    const ids = (o: StationFigures[]) => o.map((s) => s.station).join('')
    expect(ids(order(all, { by: 'todo', down: false }))).toBe('bdac')
    expect(ids(order(all, { by: 'complete', down: false }))).toBe('bdac')
    expect(ids(order(all, { by: 'complete', down: true }))).toBe('adbc')
    expect(ids(order(all, { by: 'station', down: true }))).toBe('dcba')
  })

  it('narrows by text without marks, park, code and target', () => {
    const todo = [{ code: 'silent', figure: 'alive' as const, count: 1, stations: 1, parameters: [] }]
    const all = [station('a', 0.5, { todo }), station('b', 1), station('c', 0.5, { park: 'q' })]
    const by = { text: '', park: '', code: '', missed: false }
    const ids = (o: StationFigures[]) => o.map((s) => s.station).join('')
    const name = (s: StationFigures) => (s.station === 'b' ? 'Trạm Biên Hòa' : s.station)
    expect(ids(narrow(all, { ...by, text: 'bien hoa' }, name))).toBe('b')
    expect(ids(narrow(all, { ...by, park: 'q' }, name))).toBe('c')
    expect(ids(narrow(all, { ...by, code: 'silent' }, name))).toBe('a')
    expect(ids(narrow(all, { ...by, missed: true }, name))).toBe('ac')
  })
})

describe('spans', () => {
  const local = (at: number) => new Date(at + 7 * 3_600_000).toISOString().slice(0, 16)

  it('begins quarters at local midnight', () => {
    const { from, to } = spanOf({ range: 'quarter' }, NOW)
    expect([local(from), to]).toEqual(['2026-10-01T00:00', NOW])
    const before = spanOf({ range: 'before' }, Date.parse('2026-01-31T18:00:00Z'))
    expect([local(before.from), local(before.to)]).toEqual(['2025-10-01T00:00', '2026-01-01T00:00'])
  })

  it('takes own times up to 366 days', () => {
    const own = (from: string, to: string) => spanOf({ range: 'own', from, to }, NOW).valid
    expect(own('2026-01-01T00:00', '2026-02-01T00:00')).toBe(true)
    expect(own('2025-01-01T00:00', '2026-01-02T00:00')).toBe(true)
    expect(own('2025-01-01T00:00', '2026-01-03T00:01')).toBe(false)
    expect(own('2026-02-01T00:00', '2026-01-01T00:00')).toBe(false)
    expect(own('', 'x')).toBe(false)
  })
})

describe('cells', () => {
  const strip = (every: number, from: string, received: number[], expected = 10): Strip => ({
    station: 's',
    from,
    to: from,
    every_seconds: every,
    expected: received.map(() => expected),
    received,
    right: received,
    unknown: received.map(() => false),
  })

  it('lays hours out by local day, the newest day first', () => {
    const rows = rowsOf(strip(3600, '2026-11-23T15:00:00Z', [10, 9, 0, 1]))
    expect(rows.map((r) => r.cells.map((c) => c?.level ?? '.').join(''))).toEqual([
      `01${'.'.repeat(22)}`,
      `${'.'.repeat(22)}109`,
    ])
  })

  it('lays days out by month, also when the first day is cut', () => {
    const rows = rowsOf(strip(86400, '2026-11-29T10:00:00Z', [10, 5, 0]))
    expect(rows.map((r) => r.cells.findIndex((c) => c !== null))).toEqual([0, 28])
    expect(rows[1]?.cells.slice(28).map((c) => c?.level ?? null)).toEqual([10, 5, null])
  })

  it('shows a little as a little, and nothing where nothing was due', () => {
    const [row] = rowsOf(strip(3600, '2026-11-23T17:00:00Z', [1], 100))
    expect(row?.cells[0]?.level).toBe(1)
    expect(rowsOf(strip(3600, '2026-11-23T17:00:00Z', [0], 0))[0]?.cells[0]?.level).toBe(null)
  })

  it('goes by the day beyond a month', () => {
    expect([isDaily(0, 31 * 86_400_000), isDaily(0, 32 * 86_400_000)]).toEqual([false, true])
  })
})
