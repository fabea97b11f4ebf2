import { describe, expect, test } from 'vitest'
import { merged } from '../src/frames.ts'
import { communes, fromFile, waters } from '../src/gazetteer.ts'
import { fresh, risen } from '../src/news.ts'
import { apply, empty } from '../src/store.ts'
import type { Alert, Frame, Park } from '../src/wire.ts'
import written from '../testdata/events.json'

const frames = written as unknown as Frame[]
const play = (some: readonly Frame[]) => some.reduce((m, frame) => apply(m, { type: 'frame', frame, at: 0 }), empty)

describe('merged frames', () => {
  const readings = frames.find((f) => f.type === 'readings')
  const [snapshot] = frames
  if (readings?.type !== 'readings' || !snapshot) throw new Error('the fixture has no readings')
  const later = (sequence: number, value: number): Frame => ({
    ...readings,
    sequence,
    items: readings.items.map((i) => ({ ...i, value, measured_at: `2026-11-24T07:00:0${sequence % 10}Z` })),
  })

  test('come to the same state as one after the other', () => {
    expect(play(merged(frames))).toEqual(play(frames))
    const some = [snapshot, later(51, 1), later(52, 2), later(53, 3)]
    expect(play(merged(some))).toEqual(play(some))
  })

  test('are fewer, keep their order and leave what went in as it was', () => {
    const some = [snapshot, later(51, 1), later(52, 2), ...frames.slice(2, 3), later(60, 3)]
    const before = JSON.stringify(some)
    const out = merged(some)
    expect(out.map((f) => f.type)).toEqual(['snapshot', 'readings', frames[2]?.type, 'readings'])
    expect(out[1]?.sequence).toBe(52)
    expect(JSON.stringify(some)).toBe(before)
  })
})

describe('places', () => {
  const park = (place: string, lon: number) => ({ place, location: [lon, 11] }) as unknown as Park

  test('communes are read out of where parks lie', () => {
    const found = communes([
      park('Hiệp Phước, Phú Hội (cũ) → ~phường Nhơn Trạch, Đồng Nai mới', 107),
      park('phường Nhơn Trạch', 108),
    ])
    expect(found.map((n) => n.name.vi)).toEqual(['Hiệp Phước', 'Phú Hội', 'phường Nhơn Trạch'])
    expect(found[2]?.location).toEqual([107.5, 11])
  })

  test('a file of names is taken as far as it is one', () => {
    const point = (properties: object, coordinates: unknown) => ({
      type: 'Feature',
      properties,
      geometry: { type: 'Point', coordinates },
    })
    const file = {
      features: [
        point({ name: 'Biên Hòa' }, [106.8, 10.9]),
        point({ name_vi: 'Trảng Bom', name_en: 'Trang Bom' }, [107, 10.9]),
        point({}, [1, 2]),
        point({ name: 'x' }, ['1', 2]),
        null,
        7,
      ],
    }
    expect(fromFile(file).map((n) => n.name)).toEqual([
      { vi: 'Biên Hòa', en: 'Biên Hòa' },
      { vi: 'Trảng Bom', en: 'Trang Bom' },
    ])
    for (const bad of [null, 3, 'x', {}, { features: 'x' }]) expect(fromFile(bad)).toEqual([])
    expect(waters(null)).toEqual([])
  })
})

test('a new alert rises above graver ones for a minute, unless somebody has taken it up', () => {
  const now = Date.parse('2026-11-24T07:00:00Z')
  const alert = (id: string, opened_at: string, more = {}) => ({ id, opened_at, ...more }) as unknown as Alert
  const old = alert('old', '2026-11-24T06:00:00Z')
  const young = alert('young', '2026-11-24T06:59:30Z')
  const taken = alert('taken', '2026-11-24T06:59:30Z', { acknowledged_at: '2026-11-24T06:59:40Z' })
  const quiet = alert('quiet', '2026-11-24T06:59:30Z', { silenced_by: 'x' })
  expect(risen([old, taken, quiet, young], now).map((a) => a.id)).toEqual(['young', 'old', 'taken', 'quiet'])
  expect(fresh(young, now + 30_000)).toBe(false)
})
