import { describe, expect, test } from 'vitest'
import { plain, Words } from '../src/i18n/format.ts'
import { bound, limitText } from '../src/panels/figures.ts'
import { find } from '../src/search.ts'
import { SHAPES } from '../src/shapes.ts'
import { backoff } from '../src/socket.ts'
import { type Park, STATES, type Station } from '../src/wire.ts'

const vi = new Words('vi')
const en = new Words('en')

describe('figures', () => {
  test('each language has its decimal mark', () => {
    expect(vi.measured(41.2, 2)).toBe('41,20')
    expect(en.measured(41.2, 2)).toBe('41.20')
  })

  test('no ratio is rounded onto the limit', () => {
    expect(en.ratio(0.9996)).toBe('< 1')
    expect(en.ratio(1.0004)).toBe('> 1')
    expect(en.ratio(1)).toBe('1.00')
    expect(vi.ratio(1.347)).toBe('1,35')
  })

  test('a bound is written as the regulation has it', () => {
    expect(bound(60.75, vi)).toBe('60,75')
    expect(limitText({ limit: 6, limit_min: 6, limit_max: 9 }, vi)).toBe('6–9')
    expect(limitText({ limit: 4, limit_min: 4, limit_max: null }, en)).toBe('≥ 4')
    expect(limitText({ limit: null, limit_min: null, limit_max: null }, en)).toBeNull()
  })

  test('times are those of the stations', () => {
    expect(en.time('2026-11-24T18:05:00Z')).toBe('01:05')
  })

  test('ages grow through the units and are never negative', () => {
    const now = Date.parse('2026-11-24T06:00:00Z')
    const before = (s: number) => en.ago(now - s * 1000, now)
    expect([-5, 1, 59, 60, 3599, 3600, 172_800].map(before)).toEqual([
      'just now',
      'just now',
      '59 s ago',
      '1 min ago',
      '59 min ago',
      '1 h ago',
      '2 d ago',
    ])
  })

  test('a name that the server made up later is shown as it is', () => {
    expect(vi.named('flag', 'spike')).toBe('đột biến')
    expect(vi.named('flag', 'brand_new')).toBe('brand_new')
  })
})

describe('the search', () => {
  const named = (id: string, name: string) => ({ id, name: { vi: name, en: '' } })
  const stations = [named('amata-01', 'Trạm nước thải KCN Amata'), named('bien-hoa-2-01', 'Trạm KCN Biên Hòa II')]
  const parks = [named('dong-xoai-1', 'KCN Đồng Xoài I')]
  const ids = (query: string) =>
    find(query, { stations: stations as Station[], parks: parks as Park[], parameters: [], places: [] }).map(
      (h) => h.id,
    )

  test('finds with and without marks, in any order', () => {
    expect(ids('Biên Hòa')).toEqual(['bien-hoa-2-01'])
    expect(ids('hoa bien')).toEqual(['bien-hoa-2-01'])
    expect(ids('dong xoai')).toEqual(['dong-xoai-1'])
    expect(ids('kcn')).toHaveLength(3)
  })

  test('finds nothing for nothing', () => {
    expect(ids('  ')).toEqual([])
    expect(ids('amata hoa')).toEqual([])
  })

  test('đ is d', () => expect(plain('Đồng Nai')).toBe('dong nai'))
})

test('the socket waits longer after each failure, with a bound and with jitter', () => {
  const longest = [0, 1, 2, 10, 50].map((n) => backoff(n, () => 1))
  expect(longest).toEqual([500, 1000, 2000, 30_000, 30_000])
  expect(backoff(10, () => 0)).toBe(9000)
})

test('no two states share a shape or a colour', () => {
  for (const part of ['body', 'fill'] as const) {
    expect(new Set(STATES.map((s) => SHAPES[s][part])).size).toBe(STATES.length)
  }
})

test('one thing is not said in the plural', () => {
  const en = new Words('en')
  expect(en.t('alerts.count', { n: '1' })).toBe('1 alert')
  expect(en.t('alerts.count', { n: '1,001' })).toBe('1,001 alerts')
})
