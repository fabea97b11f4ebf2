import { describe, expect, test, vi } from 'vitest'
import { Shelf, type Window } from '../src/playback/shelf.ts'
import {
  covers,
  decode,
  instantIn,
  type PlaybackAnswer,
  type Slice,
  STEPS,
  stepFor,
  windowOf,
} from '../src/playback/slice.ts'
import { barsOf, midnights } from '../src/playback/strip.ts'
import { alertsAt, stationAt, stationsAt } from '../src/playback/view.ts'
import { atOf, written } from '../src/playback/when.ts'
import type { Alert, Station } from '../src/wire.ts'

const T0 = Date.parse('2026-11-24T00:00:00Z')
const MINUTE = 60_000
const STEP = 5 * MINUTE

const answer: PlaybackAnswer = {
  from: '2026-11-24T00:00:00Z',
  to: '2026-11-24T00:15:00Z',
  every_seconds: 300,
  stations: ['a', 'b'],
  parameters: ['ph', 'cod'],
  // Not the order of the page: places must be translated.
  states: ['offline', 'exceed', 'good'],
  state: [
    [2, 1, 2],
    [0, 0, 2],
  ],
  index: [
    [0.5, 1.25, 0.5],
    [null, null, 0.1],
  ],
  worst: [
    [0, 1, 0],
    [-1, -1, 0],
  ],
  alerts: [],
  more_alerts: false,
}
const slice = decode(answer)

function station(id: string): Station {
  const latest = {
    cod: {
      value: 10,
      unit: 'mg/L',
      status: 'fault',
      flags: ['spike'],
      measured_at: '2026-11-25T00:00:00Z',
      received_at: '2026-11-25T00:00:00Z',
      limit: 75,
      limit_min: null,
      limit_max: 75,
      ratio: 0.13,
    },
  }
  return {
    id,
    name: { vi: id, en: id },
    park: 'p',
    kind: 'effluent',
    location: [106, 10],
    parameters: ['ph', 'cod'],
    state: 'good',
    index: 0.13,
    latest,
  }
}
const today = new Map(['a', 'b', 'c'].map((id) => [id, station(id)]))

describe('windows of the past', () => {
  test('an answer becomes columns', () => {
    expect([slice.n, slice.step, slice.from, slice.to]).toEqual([3, STEP, T0, T0 + 3 * STEP])
    expect([...slice.index].map((v) => (Number.isNaN(v) ? null : v))).toEqual([
      0.5,
      1.25,
      0.5,
      null,
      null,
      expect.closeTo(0.1),
    ])
    expect(slice.one).toBeNull()
  })

  test('an instant holds until the next one', () => {
    expect([-1, 0, STEP - 1, STEP, 3 * STEP, 9 * STEP].map((d) => instantIn(slice, T0 + d))).toEqual([0, 0, 0, 1, 2, 2])
    expect([-1, 0, 3 * STEP - 1, 3 * STEP].map((d) => covers(slice, T0 + d))).toEqual([false, true, true, false])
  })

  test('windows fit together without gap or overlap', () => {
    const span = STEPS * STEP
    for (const at of [T0, T0 + 1, T0 + span - 1, T0 + 12_345_678]) {
      const from = windowOf(at, STEP)
      expect(from <= at && at < from + span && from % span === 0).toBe(true)
    }
  })

  test('the step is as fine as the speed lets it be seen and the data has it', () => {
    const gateway = [1, 60, 300, 900, 3600].map((speed) => stepFor(speed, 5 * MINUTE) / 1000)
    expect(gateway).toEqual([60, 60, 60, 300, 300])
    const demo = [1, 60, 300, 900, 3600].map((speed) => stepFor(speed, 5000) / 1000)
    expect(demo).toEqual([10, 10, 60, 300, 300])
    expect(stepFor(1e9, 1)).toBe(3_600_000)
  })
})

describe('what is shown of an instant', () => {
  test('stations stand as they stood, in the words of today', () => {
    const shown = stationsAt(today, slice, T0 + STEP, null)
    expect([...shown.keys()]).toEqual(['a', 'b'])
    expect(shown.get('a')).toMatchObject({ name: { vi: 'a' }, state: 'exceed', index: 1.25 })
    expect(shown.get('a')?.latest).toEqual({
      cod: expect.objectContaining({ value: null, ratio: 1.25, unit: 'mg/L', flags: [], status: 'measuring' }),
    })
    expect(shown.get('b')).toMatchObject({ state: 'offline', index: null, latest: {} })
  })

  test('a station that is the same still is the same object', () => {
    const first = stationsAt(today, slice, T0, null)
    const second = stationsAt(today, slice, T0 + STEP, first)
    expect(second.get('b')).toBe(first.get('b'))
    expect(second.get('a')).not.toBe(first.get('a'))
  })

  test('the open station comes with its values', () => {
    const one = decode({
      ...answer,
      stations: ['a'],
      state: [[2, 1, 2]],
      index: [[0.5, 1.25, 0.5]],
      worst: [[0, 1, 0]],
      values: [
        [null, null, null],
        [37.5, 93.75, 37.5],
      ],
      ratios: [
        [null, null, null],
        [0.5, 1.25, 0.5],
      ],
      measured: [
        [null, null, null],
        [T0 / 1000, T0 / 1000 + 290, T0 / 1000 + 590],
      ],
    })
    const s = stationAt(station('a'), one, T0 + STEP)
    expect(Object.keys(s.latest)).toEqual(['cod'])
    expect(s.latest.cod).toMatchObject({
      value: 93.75,
      ratio: 1.25,
      measured_at: '2026-11-24T00:04:50.000Z',
      flags: [],
    })
  })

  test('an alert is open from its opening to its end, as bad as it got', () => {
    const a = {
      id: 'x',
      state: 'resolved',
      severity: 'warning',
      peak_severity: 'critical',
      parameter: 'cod',
      station: { id: 'a' },
      opened_at: '2026-11-24T00:05:00Z',
      resolved_at: '2026-11-24T00:10:00Z',
      acknowledged_at: '2026-11-24T00:08:00Z',
      acknowledged_by: 'lan',
      value: 30,
      ratio: 0.4,
    } as Alert
    const at = (minutes: number) => {
      const time = T0 + minutes * MINUTE
      return alertsAt([a, { ...a, id: 'never', state: 'withdrawn' }], time, stationsAt(today, slice, time, null))
    }
    expect([4, 5, 9.9, 10].map((m) => at(m).size)).toEqual([0, 1, 1, 0])
    expect(at(5).get('x')).toMatchObject({ state: 'open', severity: 'critical', value: null, ratio: 1.25 })
    expect(at(5).get('x')).not.toHaveProperty('acknowledged_by')
    expect(at(5).get('x')).not.toHaveProperty('resolved_at')
    expect(at(9).get('x')).toHaveProperty('acknowledged_by', 'lan')
  })
})

describe('the shelf of windows', () => {
  function shelf(load: (w: Window) => Promise<Slice>) {
    const changed = vi.fn()
    let now = 0
    return { s: new Shelf(load, changed, () => now), changed, pass: (ms: number) => (now += ms) }
  }
  const whole = (w: Window): Slice => ({ ...slice, from: w.from, to: w.to, step: w.step, n: STEPS })
  const settle = () => new Promise((done) => setTimeout(done))

  test('a window is fetched once, however often it is asked for', async () => {
    const load = vi.fn(async (w: Window) => whole(w))
    const { s, changed } = shelf(load)
    for (let i = 0; i < 5; i++) s.want(T0 + i * STEP, STEP)
    expect(s.get(T0, STEP)).toBeNull()
    await settle()
    s.want(T0, STEP)
    expect(load).toHaveBeenCalledTimes(1)
    expect(changed).toHaveBeenCalledExactlyOnceWith(null)
    expect(s.get(T0 + STEP, STEP)?.from).toBe(windowOf(T0, STEP))
    expect(s.get(T0, 2 * STEP)).toBeNull()
  })

  test('one that was cut short is asked for again when more of it is needed, with patience', async () => {
    const load = vi.fn(async (w: Window) => ({ ...whole(w), to: w.from + 2 * STEP, n: 2 }))
    const { s, pass } = shelf(load)
    const from = windowOf(T0, STEP)
    s.want(from, STEP)
    await settle()
    s.want(from + STEP, STEP)
    s.want(from + 3 * STEP, STEP)
    expect(load).toHaveBeenCalledTimes(1)
    expect(s.get(from + 3 * STEP, STEP)).toBeNull()
    pass(5000)
    s.want(from + 3 * STEP, STEP)
    expect(load).toHaveBeenCalledTimes(2)
    expect(s.get(from, STEP)).not.toBeNull()
  })

  test('a failure is told and tried again', async () => {
    const load = vi.fn(async (w: Window) => whole(w)).mockRejectedValueOnce(new Error('away'))
    const { s, changed, pass } = shelf(load)
    s.want(T0, STEP)
    await settle()
    expect(changed).toHaveBeenLastCalledWith(expect.any(Error))
    pass(5000)
    s.want(T0, STEP)
    await settle()
    expect(s.get(T0, STEP)).not.toBeNull()
  })

  test('the least recently used go first, so that a night of play does not fill the memory', async () => {
    const { s } = shelf(async (w) => whole(w))
    for (let i = 0; i < 500; i++) {
      s.want(T0 + i * STEPS * STEP, STEP)
      s.want(T0, STEP)
    }
    await settle()
    expect(s.size).toBeLessThan(100)
    expect(s.get(T0, STEP)).not.toBeNull()
  })
})

describe('the timeline', () => {
  test('bars are as high as many alerts were open, in the colour of the worst', () => {
    const bars = barsOf(
      {
        from: '2026-11-24T00:00:00Z',
        to: '2026-11-24T04:00:00Z',
        every_seconds: 3600,
        open: { info: [0, 1, 0, 0], warning: [0, 0, 4, 0], critical: [0, 0, 0, 1], emergency: [0, 0, 0, 0] },
      },
      T0,
      T0 + 4 * 60 * MINUTE,
    )
    expect(bars.map((b) => [b.x, b.grade, b.height])).toEqual([
      [0.25, 'info', 0.5],
      [0.5, 'warning', 1],
      [0.75, 'critical', 0.5],
    ])
  })

  test('days begin when they do in Viet Nam', () => {
    expect(midnights(T0, T0 + 3 * 86_400_000, 1).map((t) => new Date(t).toISOString())).toEqual([
      '2026-11-24T17:00:00.000Z',
      '2026-11-25T17:00:00.000Z',
      '2026-11-26T17:00:00.000Z',
    ])
    expect(midnights(T0, T0 + 30 * 86_400_000, 5)).toHaveLength(6)
  })

  test('a time in an address comes back as it was, and nothing else is one', () => {
    expect(atOf(written(T0 + 61_234))).toBe(T0 + 61_000)
    expect(atOf('2026-11-23T14:05Z')).toBe(Date.parse('2026-11-23T14:05:00Z'))
    for (const bad of ['', 'yesterday', '2026-13-45T00:00Z', '2026-11-24', '1e99', '2026-11-23T14:05+07:00'])
      expect(atOf(bad)).toBeNull()
  })
})
