import { describe, expect, test } from 'vitest'
import type { Model, StoreEvent } from '../src/store.ts'
import { apply, counts, empty, ranked, unsure } from '../src/store.ts'
import type { Frame } from '../src/wire.ts'
import written from '../testdata/events.json'

// Written by the hub's own test in Go.
const frames = written as unknown as Frame[]

const at = 1_764_000_000_000
const event = (frame: Frame): StoreEvent => ({ type: 'frame', frame, at })
const play = (some: readonly Frame[], from: Model = empty) => some.reduce((m, f) => apply(m, event(f)), from)
const upTo = (type: string) => frames.slice(0, frames.findIndex((f) => f.type === type) + 1)

describe('the store', () => {
  test('a snapshot is the whole state', () => {
    const m = play(frames.slice(0, 1))
    expect([...m.stations.keys()]).toEqual(['amata-01', 'loteco-01', 'tan-phu-01'])
    expect(m.epoch).toBe('GOLDEN')
    expect(m.sequence).toBe(1)
    expect(m.heardAt).toBe(at)
    expect(m.stations.get('amata-01')?.latest.cod?.value).toBe(41.2)
    expect(m.stations.get('loteco-01')?.latest.flow_in?.value).toBeNull()
    expect(m.stations.get('tan-phu-01')?.state).toBe('offline')
  })

  test('readings move the newest values and the index', () => {
    const m = play(upTo('readings'))
    const amata = m.stations.get('amata-01')
    expect(amata?.latest.cod?.value).toBe(120.5)
    expect(amata?.latest.cod?.limit).toBe(74.25)
    expect(amata?.index).toBeCloseTo(120.5 / 74.25)
    // pH fell below the middle of its band: the nearer bound is the lower one.
    expect(amata?.latest.ph?.limit).toBe(6)
  })

  test('an alert opens and is gone when it is resolved', () => {
    const opened = play(upTo('alert'))
    expect(ranked(opened.alerts).map((a) => a.station.id)).toEqual(['amata-01'])
    expect(opened.stations.get('amata-01')?.state).toBe('exceed')
    const last = play(frames)
    expect(ranked(last.alerts).map((a) => a.station.id)).toEqual(['loteco-01'])
    expect(last.stations.get('amata-01')?.state).not.toBe('exceed')
  })

  test('what comes again changes nothing', () => {
    const once = play(frames)
    expect(play(frames.slice(1), once)).toEqual(once)
  })

  test('an older reading never replaces a newer one', () => {
    const m = play(frames)
    const readings = frames.find((f) => f.type === 'readings')
    if (readings?.type !== 'readings') throw new Error('the fixture has no readings')
    const late = apply(m, event({ ...readings, sequence: m.sequence + 1 }))
    expect(late.stations).toBe(m.stations)
  })

  test('an unknown frame of a newer server is passed over', () => {
    const m = play(frames)
    const next = apply(m, event({ type: 'weather', sequence: m.sequence + 1 } as unknown as Frame))
    expect(next.stations).toBe(m.stations)
    expect(next.sequence).toBe(m.sequence + 1)
  })

  test('applying never changes the state that went in', () => {
    const m = play(frames.slice(0, 1))
    const before = JSON.stringify([...m.stations])
    play(frames.slice(1), m)
    expect(JSON.stringify([...m.stations])).toBe(before)
  })

  test('worst first, then newest; and every state is counted', () => {
    const m = play(frames)
    expect(Object.values(counts(m.stations)).reduce((a, b) => a + b, 0)).toBe(3)
    const [alert] = m.alerts.values()
    if (!alert) throw new Error('the fixture ends without an open alert')
    const milder = { ...alert, id: 'b', severity: 'info' as const }
    const newer = { ...alert, id: 'c', opened_at: '2027-01-01T00:00:00Z' }
    const order = ranked(new Map([milder, alert, newer].map((a) => [a.id, a]))).map((a) => a.id)
    expect(order).toEqual(['c', alert.id, 'b'])
  })

  test('hotspots are replaced whole', () => {
    expect(play(frames).hotspots.features.map((f) => f.properties.stations)).toEqual([['amata-01', 'loteco-01']])
  })
})

describe('silence on an open socket', () => {
  const live = (m: Model) => apply(m, { type: 'connection', connection: 'live' })
  const beat = (m: Model, when: number) =>
    apply(m, { type: 'frame', at: when, frame: { type: 'readings', sequence: m.sequence + 1, items: [] } })

  test('is told after 20 s where frames come often', () => {
    const m = [5000, 10_000, 15_000].reduce((acc, dt) => beat(acc, at + dt), live(beat(empty, at)))
    expect(unsure(m, at + 35_000)).toBe(false)
    expect(unsure(m, at + 35_001)).toBe(true)
  })

  test('is waited for three times as long as is usual where they come rarely', () => {
    const m = beat(live(beat(empty, at)), at + 300_000)
    expect(unsure(m, at + 300_000 + 899_000)).toBe(false)
    expect(unsure(m, at + 300_000 + 901_000)).toBe(true)
  })

  test('is not told of a connection that is broken: that has a sign of its own', () => {
    expect(unsure(apply(live(beat(empty, at)), { type: 'connection', connection: 'offline' }), at + 60_000)).toBe(false)
  })
})
