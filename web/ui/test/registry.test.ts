import { describe, expect, it } from 'vitest'
import { typeOf } from '../src/pages/registry/client.ts'
import { dayOf, draftOf, EMPTY, midnight, numberOf, pointOf, recordOf } from '../src/pages/registry/draft.ts'
import { areaOf, ringOf, signedArea, withCorner, withoutCorner } from '../src/pages/registry/outline.ts'
import { apply, empty } from '../src/store.ts'
import type { Point } from '../src/wire.ts'
import type { ParkRecord, StationRecord } from '../src/wire-registry.ts'

const station: StationRecord = {
  id: 'a-01',
  name: { vi: 'Trạm A', en: 'A' },
  park: 'p',
  kind: 'effluent',
  location: [106.9, 10.9],
  parameters: ['cod', 'ph'],
  state: 'good',
  index: null,
  latest: {},
  source: 'file',
  cycle: '5m0s',
  aliases: ['A1', 'A 2'],
  limits: [{ set: 's', column: 'A', kq: 0.9, kf: 1, from: '2025-12-31T19:30:00Z' }],
  instruments: [{ serial: '1', parameters: ['cod'], calibration_due: '2027-01-01T00:00:00+07:00' }],
}

describe('the form of a station', () => {
  it('gives back what it was given, the hour that it does not show included', () => {
    const back = recordOf('station', draftOf('station', station), station)
    expect(back).toMatchObject({
      ...station,
      cycle: '5m',
      aliases: ['A1', 'A 2'],
      limits: station.limits,
      instruments: [{ ...station.instruments?.[0], model: '' }],
    })
  })
  it('keeps what it does not show', () => {
    const held = { ...station, factors: { cod: 2 } }
    expect(recordOf('station', draftOf('station', held), held)).toMatchObject({ factors: { cod: 2 } })
  })
  it('leaves a park that was found by position to be found', () => {
    const held = { ...station, park_by_position: true }
    expect(recordOf('station', draftOf('station', held), held)).toMatchObject({ park: '', park_by_position: false })
  })
  it('sends a decimal comma as a number, and what is none as it is typed', () => {
    const d = { ...draftOf('station', station), lon: '106,95', lat: 'north' }
    expect(recordOf('station', d, station).location).toEqual([106.95, 'north'])
    expect(pointOf(d)).toBeNull()
    expect(numberOf(' 1,5 ')).toBe(1.5)
    expect(numberOf('')).toBe('')
  })
  it('takes days as those of Viet Nam', () => {
    expect(dayOf('2025-12-31T19:30:00Z')).toBe('2026-01-01')
    expect(midnight('2026-01-01')).toBe('2026-01-01T00:00:00+07:00')
    expect(midnight('2026-01-02', '2025-12-31T19:30:00Z')).toBe('2026-01-02T00:00:00+07:00')
  })
})

const square: Point[] = [
  [106, 11],
  [107, 11],
  [107, 12],
  [106, 12],
]
const park = (area?: ParkRecord['area']): ParkRecord => ({
  id: 'p',
  name: { vi: 'P', en: '' },
  location: [106.5, 11.5],
  precision_km: 1,
  stations: [],
  state: 'good',
  index: null,
  source: 'file',
  ...(area && { area }),
})

describe('the outline of a park', () => {
  it('is closed and wound counter-clockwise', () => {
    const area = areaOf([...square].reverse(), undefined)
    const ring = area?.coordinates[0] as Point[]
    expect(ring).toHaveLength(5)
    expect(ring[0]).toEqual(ring[4])
    expect(signedArea(ring.slice(0, -1))).toBeGreaterThan(0)
    expect(ringOf(area)).toHaveLength(4)
  })
  it('gets a new corner in the edge that is nearest', () => {
    expect(withCorner(square, [106.5, 11.1])).toEqual([square[0], [106.5, 11.1], ...square.slice(1)])
    expect(withCorner(square, [105.9, 11.5]).at(-1)).toEqual([105.9, 11.5])
    expect(withoutCorner(square, 1)).toHaveLength(3)
  })
  it('stays as it was when nobody has drawn, holes and all', () => {
    const area: ParkRecord['area'] = {
      type: 'Polygon',
      coordinates: [
        [...square, [106, 11]],
        [
          [106.4, 11.4],
          [106.5, 11.4],
          [106.5, 11.5],
          [106.4, 11.4],
        ],
      ],
    }
    const held = park(area)
    expect(recordOf('park', draftOf('park', held), held).area).toBe(area)
    expect(recordOf('park', { ...draftOf('park', held), outline: [] }, held).area).toBeNull()
    expect(recordOf('park', { ...EMPTY, id: 'n', vi: 'N', lon: '107', lat: '11' }, null)).toMatchObject({
      area: null,
      radius_m: 0,
    })
  })
})

describe('files and frames', () => {
  it('knows a table by its name', () => {
    expect(typeOf({ name: 'Trạm.CSV' })).toBe('text/csv')
    expect(typeOf({ name: 'places.geojson' })).toBe('application/geo+json')
  })
  it('forgets stations that are gone', () => {
    const held = { ...empty, stations: new Map([['a-01', station]]) }
    const frame = { type: 'registry' as const, sequence: 1, gone: ['a-01'], parks: false, subscribe: false }
    expect(apply(held, { type: 'frame', frame, at: 0 }).stations.size).toBe(0)
    const other = apply(held, { type: 'frame', frame: { ...frame, gone: ['b'] }, at: 0 })
    expect(other.stations).toBe(held.stations)
  })
})
