import { describe, expect, test } from 'vitest'
import { DrawnStations, type StationsData } from '../src/map/drawn.ts'
import { apply, empty } from '../src/store.ts'
import type { Frame, ReadingItem, Station } from '../src/wire.ts'

const MANY = 10_000
const latest = (ratio: number) => ({
  value: 1,
  unit: 'mg/L',
  status: 'measuring',
  flags: [],
  measured_at: '2026-11-24T06:00:00Z',
  received_at: '2026-11-24T06:00:00Z',
  limit: 1,
  limit_min: null,
  limit_max: 1,
  ratio,
})
const stations: Station[] = Array.from({ length: MANY }, (_, i) => ({
  id: `s${i}`,
  name: { vi: '', en: '' },
  park: '',
  kind: 'effluent',
  location: [106 + i / MANY, 11],
  parameters: ['cod'],
  state: 'tendency',
  index: 0.6,
  latest: { cod: latest(0.6) },
}))

const snapshot: Frame = {
  type: 'snapshot',
  sequence: 1,
  epoch: 'E',
  time: '',
  stations,
  alerts: [],
  hotspots: { type: 'FeatureCollection', features: [] },
}
const readings = (sequence: number, items: ReadingItem[]): Frame => ({ type: 'readings', sequence, items })
const reading = (i: number, ratio: number): ReadingItem => ({
  station: `s${i}`,
  parameter: 'cod',
  value: 1,
  unit: 'mg/L',
  status: 'measuring',
  flags: [],
  measured_at: '2026-11-24T06:05:00Z',
  ratio,
})

const passes = () => true
const index = (s: Station) => s.index
const covered = new Set<string>()
const rules = { passes, index, covered, selected: null, pointed: null }
const of = (known: StationsData['stations'], more: Partial<StationsData> = {}): StationsData => ({
  stations: known,
  ...rules,
  ...more,
})

describe('what has to be drawn', () => {
  const first = apply(empty, { type: 'frame', frame: snapshot, at: 0 })
  const drawn = () => {
    const d = new DrawnStations()
    expect(d.moved(first.stations)).toBe(true)
    d.placed(first.stations)
    expect(d.changes(of(first.stations))).toHaveLength(MANY)
    return d
  }

  test('of ten thousand stations only those that changed', () => {
    const d = drawn()
    const frame = readings(2, [reading(7, 0.9), reading(4711, 1.4), reading(12, 0.605)])
    const next = apply(first, { type: 'frame', frame, at: 1 })
    expect(d.moved(next.stations)).toBe(false)
    // The third changed by less than a step of its size.
    expect(d.changes(of(next.stations)).map(([id]) => id)).toEqual(['s7', 's4711'])
    expect(d.changes(of(next.stations))).toEqual([])
  })

  test('what is pointed at, and what no longer is', () => {
    const d = drawn()
    expect(d.changes(of(first.stations, { pointed: 's3' })).map(([id, n]) => [id, n.pointed])).toEqual([['s3', true]])
    expect(d.changes(of(first.stations, { selected: 's9' })).map(([id, n]) => [id, n.selected, n.pointed])).toEqual([
      ['s3', false, false],
      ['s9', true, false],
    ])
  })

  test('a filter or a cluster hides, and what is hidden cannot be pressed', () => {
    const d = drawn()
    const hidden = d.changes(of(first.stations, { covered: new Set(['s5']) }))
    expect(hidden.map(([id, n]) => [id, n.visible, n.passes])).toEqual([['s5', false, true]])
    expect([d.shows('s5'), d.shows('s6'), d.shows('none')]).toEqual([false, true, false])
    expect(d.changes(of(first.stations, { passes: (s) => s.id !== 's6' })).map(([id]) => id)).toEqual(['s5', 's6'])
  })

  test('a station that moved or came is a reason to place them all anew', () => {
    const d = drawn()
    const [one] = stations
    if (!one) throw new Error('no station')
    const moved = new Map(first.stations).set('s0', { ...one, location: [107, 10] })
    expect(d.moved(moved)).toBe(true)
    expect(d.moved(new Map(first.stations).set('new', { ...one, id: 'new' }))).toBe(true)
    expect(d.moved(new Map(first.stations).set('s0', { ...one, index: 3 }))).toBe(false)
  })
})
