import { describe, expect, it } from 'vitest'
import { comparedOf, scalesOf, textOf } from '../src/pages/station/compare.ts'
import { keyed } from '../src/pages/station/keys.ts'
import { heldIn, isBeyond, limitAt, ratioOf } from '../src/pages/station/limits.ts'
import { columnsOf, fromRaw, fromWindows, summaryOf, type Value } from '../src/pages/station/line.ts'
import { bandsOf, pointsOf } from '../src/pages/station/marks.ts'
import { containing, nearest } from '../src/pages/station/nearest.ts'
import {
  addressOfSpan,
  canOverlay,
  clamp,
  LONGEST,
  MOST_POINTS,
  SHORTEST,
  SPAN_NAMES,
  SPANS,
  shifted,
  spanOf,
  stepOf,
  zoomed,
} from '../src/pages/station/span.ts'
import { sparkPath } from '../src/sparks.ts'
import type { RawRow } from '../src/wire.ts'
import type { Conflict } from '../src/wire-doors.ts'
import type { LimitSpan } from '../src/wire-passport.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.parse('2026-11-24T06:00:00Z')
const at = (text: string) => Date.parse(`2026-11-${text}Z`)

describe('span', () => {
  it('is a day up to the present where the address says nothing sensible', () => {
    const usual = { from: NOW - DAY, to: NOW, name: '24h' }
    expect(spanOf({}, NOW)).toEqual(usual)
    expect(spanOf({ span: 'forever' }, NOW)).toEqual(usual)
    expect(spanOf({ from: 'x', to: '2026-11-24T00:00:00Z' }, NOW)).toEqual(usual)
    expect(spanOf({ from: '2026-11-24T00:00:00Z', to: '2026-11-23T00:00:00Z' }, NOW)).toEqual(usual)
  })
  it('goes into the address and comes back', () => {
    const own = spanOf({ from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' }, NOW)
    expect(own.name).toBeNull()
    expect(spanOf(addressOfSpan(own), NOW)).toEqual(own)
    for (const name of SPAN_NAMES) expect(spanOf(addressOfSpan(spanOf({ span: name }, NOW)), NOW).name).toBe(name)
  })
  it('is neither too short nor too long nor in the future', () => {
    expect(clamp(NOW - 1000, NOW, NOW)).toEqual({ from: NOW - SHORTEST, to: NOW })
    const long = clamp(0, NOW, NOW)
    expect(long.to - long.from).toBe(LONGEST)
    expect(clamp(NOW, NOW + DAY, NOW)).toEqual({ from: NOW - DAY, to: NOW })
    expect(shifted(spanOf({}, NOW), 1, NOW).to).toBe(NOW)
    expect(shifted(spanOf({}, NOW), -1, NOW)).toEqual({ from: NOW - 1.5 * DAY, to: NOW - DAY / 2, name: null })
  })
  it('zooms around what is pointed at', () => {
    const s = { from: 0, to: 40 * HOUR, name: null }
    expect(zoomed(s, 0.5, 10 * HOUR, NOW)).toEqual({ from: 5 * HOUR, to: 25 * HOUR, name: null })
  })
})

describe('step', () => {
  it('never gives more points than a chart is wide, and is not finer than the cycle', () => {
    for (const cycle of [1000, 5000, 5 * MINUTE, HOUR])
      for (const name of SPAN_NAMES) {
        const step = stepOf(SPANS[name], cycle)
        expect(SPANS[name] / step.ms).toBeLessThanOrEqual(MOST_POINTS)
        expect(step.ms).toBeGreaterThanOrEqual(cycle)
      }
    expect(stepOf(SPANS['1y'], 5 * MINUTE).every).toBe('24h')
    expect(stepOf(SPANS['24h'], 5 * MINUTE).every).toBe('5m')
    expect(stepOf(SPANS['6h'], 5 * MINUTE).every).toBe('')
    expect(stepOf(SPANS['1h'], 1000).every).toBe('5m')
  })
  it('offers a mean only over finer points, and over no more of them than fit', () => {
    const day = stepOf(DAY, 5 * MINUTE)
    expect(canOverlay('1h', DAY, day)).toBe(true)
    expect(canOverlay('24h', DAY, day)).toBe(true)
    expect(canOverlay('24h', HOUR, stepOf(HOUR, 5 * MINUTE))).toBe(false)
    const year = stepOf(SPANS['1y'], 5 * MINUTE)
    expect(canOverlay('1h', SPANS['1y'], year)).toBe(false)
    expect(canOverlay('24h', SPANS['1y'], year)).toBe(false)
    expect(canOverlay('24h', SPANS['90d'], stepOf(SPANS['90d'], 5 * MINUTE))).toBe(true)
  })
})

describe('limits', () => {
  const span = (from: string | null, to: string | null, max: number, parameter = 'cod'): LimitSpan => ({
    parameter,
    from,
    to,
    min: null,
    max,
    set: 's',
    reference: 'r',
    legal: 'l',
    verified: false,
  })
  const law = [
    span('2026-11-20T00:00:00Z', null, 60),
    span(null, '2026-11-20T00:00:00Z', 75),
    span(null, null, 5, 'ph'),
  ]
  it('are those of the parameter that hold in the span, in order', () => {
    const held = heldIn(law, 'cod', at('19T00:00:00'), at('21T00:00:00'))
    expect(held.map((l) => l.max)).toEqual([75, 60])
    expect(limitAt(held, at('19T23:59:59'))?.max).toBe(75)
    expect(limitAt(held, at('20T00:00:00'))?.max).toBe(60)
    expect(heldIn(law, 'cod', at('20T00:00:00'), at('21T00:00:00')).map((l) => l.max)).toEqual([60])
  })
  it('are kept by a value at the bound', () => {
    expect(isBeyond({ min: 6, max: 9 }, 9)).toBe(false)
    expect(isBeyond({ min: 6, max: 9 }, 9.01)).toBe(true)
    expect(isBeyond({ min: 6, max: 9 }, 5.99)).toBe(true)
    expect(isBeyond(null, 1e9)).toBe(false)
  })
  it('give the ratio of the contract', () => {
    expect(ratioOf({ min: null, max: 50 }, 75)).toBe(1.5)
    expect(ratioOf({ min: 6, max: 9 }, 9)).toBe(1)
    expect(ratioOf({ min: 4, max: null }, 2)).toBe(2)
    expect(ratioOf({ min: 4, max: null }, 0)).toBe(10)
    expect(ratioOf(null, 2)).toBeNull()
  })
})

const row = (time: string, more: Partial<RawRow> = {}): RawRow => ({
  measured_at: `2026-11-${time}Z`,
  value: 1,
  raw: 1,
  status: 'measuring',
  flags: [],
  ...more,
})

describe('marks', () => {
  it('are bands of readings of one status that follow each other', () => {
    const rows = [
      row('24T00:00:00', { status: 'calibrating' }),
      row('24T00:05:00', { status: 'calibrating' }),
      row('24T00:10:00', { status: 'fault' }),
      row('24T02:00:00', { status: 'fault' }),
    ]
    expect(bandsOf(rows, 5 * MINUTE)).toEqual([
      { status: 'calibrating', from: at('24T00:00:00'), to: at('24T00:10:00'), count: 2 },
      { status: 'fault', from: at('24T00:10:00'), to: at('24T00:15:00'), count: 1 },
      { status: 'fault', from: at('24T02:00:00'), to: at('24T02:05:00'), count: 1 },
    ])
  })
  it('a band ends where the next begins', () => {
    const rows = [row('24T00:00:00', { status: 'calibrating' }), row('24T00:02:00', { status: 'fault' })]
    expect(bandsOf(rows, 5 * MINUTE)[0]?.to).toBe(at('24T00:02:00'))
  })
  it('say what came late, and what came twice with the other value', () => {
    const conflict = (time: string, other: number): Conflict => ({
      parameter: 'cod',
      measured_at: `2026-11-${time}Z`,
      received_at: `2026-11-${time}Z`,
      gateway: 'g',
      kept: { value: 7, status: 'measuring' },
      other: { value: other, status: 'measuring' },
    })
    const rows = [
      row('24T01:00:00', { flags: ['late'] }),
      row('24T02:00:00', { flags: ['late', 'revised'] }),
      row('24T03:00:00'),
    ]
    const points = pointsOf(rows, [conflict('24T02:00:00', 9), conflict('24T00:30:00', 8)])
    expect(points.map((p) => [p.kind, p.value, p.other])).toEqual([
      ['revised', 7, 8],
      ['late', 1, null],
      ['revised', 1, 9],
    ])
  })
})

describe('line', () => {
  const window = (time: string, value: number | null, count = 12) => ({ time: `2026-11-${time}Z`, value, count })
  it('joins means with the least and the greatest of the same window', () => {
    const line = fromWindows(
      [window('24T00:00:00', 5), window('24T01:00:00', null), window('24T02:00:00', 6)],
      [window('24T00:00:00', 1), window('24T02:00:00', 2)],
      [window('24T02:00:00', 9)],
    )
    expect(line.map((v) => [v.value, v.min, v.max])).toEqual([
      [5, 1, 5],
      [6, 2, 9],
    ])
  })
  it('leaves out what is not usable, and is broken by a pause of more than three steps', () => {
    const line = fromRaw([
      row('24T00:00:00'),
      row('24T00:05:00', { value: null }),
      row('24T00:15:00'),
      row('24T01:00:00'),
    ])
    const [times, values] = columnsOf(line, 5 * MINUTE)
    expect(values).toEqual([1, 1, null, 1])
    expect(times[2]).toBe(at('24T00:20:00') / 1000)
  })
  it('is summed up by readings, not by points', () => {
    const line: Value[] = [
      { time: at('24T00:00:00'), value: 10, min: 5, max: 30, count: 1 },
      { time: at('24T01:00:00'), value: 20, min: 20, max: 20, count: 3 },
    ]
    const held = [{ from: -Infinity, to: Infinity, min: null, max: 25, reference: '', legal: '', verified: true }]
    const span = { from: at('24T00:00:00'), to: at('24T02:00:00') }
    const s = summaryOf(line, held, span, { step: HOUR, cycle: 15 * MINUTE })
    expect(s).toEqual({ count: 4, mean: 17.5, min: 5, max: 30, last: 20, beyond: 1, points: 2, share: 0.5 })
    expect(summaryOf([], held, { from: 0, to: 1 }, { step: 1, cycle: 1 })).toBeNull()
  })
  it('counts no more readings than practice expects: many in one hour are not those of the next', () => {
    const span = { from: at('24T00:00:00'), to: at('24T02:00:00') }
    const many = fromWindows([window('24T00:00:00', 5, 720)])
    expect(summaryOf(many, [], span, { step: HOUR, cycle: 5000 })?.share).toBe(0.5)
    const raw = fromRaw(Array.from({ length: 60 }, (_, i) => row(`24T00:${String(i).padStart(2, '0')}:00`)))
    expect(summaryOf(raw, [], span, { step: MINUTE, cycle: MINUTE })?.share).toBe(0.5)
    expect(
      summaryOf(raw, [], { from: span.from, to: span.from + MINUTE }, { step: MINUTE, cycle: MINUTE })?.share,
    ).toBeNull()
  })
  it('is found by time', () => {
    const line = [0, 10, 20, 40].map((time) => ({ time, value: time, min: 0, max: 0, count: 1 }))
    expect(nearest(line, 14, 5)?.time).toBe(10)
    expect(nearest(line, 16, 5)?.time).toBe(20)
    expect(nearest(line, 30, 5)).toBeNull()
    expect(nearest([], 30, 5)).toBeNull()
    expect(containing(line, 19, 10)?.time).toBe(10)
    expect(containing(line, 30, 10)).toBeNull()
  })
})

describe('comparison', () => {
  const main = { station: 'amata-01', parameter: 'cod' }
  it('reads and writes the address, each line once and not the main one', () => {
    const of = comparedOf('p.tss,s.amata-02,p.tss,p.cod,s.amata-01,x,p.,p.ph,p.tn', main)
    expect(textOf(of, main)).toBe('p.tss,s.amata-02,p.ph')
  })
  it('reads two units on two scales and a third on none', () => {
    expect(scalesOf(['mg/L', '', 'mg/L', 'm³/h', ''])).toEqual(['y', 'y2', 'y', null, 'y2'])
  })
})

describe('keys', () => {
  const line = [0, 1, 2, 3].map((i) => ({ time: NOW - (4 - i) * HOUR, value: i, min: i, max: i, count: 1 }))
  const span = { from: NOW - 4 * HOUR, to: NOW, name: null }
  const press = (key: string, cursor: { at: number | null; since: number | null }, shiftKey = false) =>
    keyed({ key, shiftKey }, line, cursor, span, NOW)
  const none = { at: null, since: null }
  it('go from point to point and stop at the ends', () => {
    expect(press('ArrowLeft', none)).toEqual({ cursor: { at: 3, since: null } })
    expect(press('ArrowRight', none)).toEqual({ cursor: { at: 0, since: null } })
    expect(press('ArrowRight', { at: 3, since: null })).toEqual({ cursor: { at: 3, since: null } })
    expect(press('Home', { at: 2, since: null })).toEqual({ cursor: { at: 0, since: null } })
    expect(press('Escape', { at: 2, since: 1 })).toEqual({ cursor: none })
    expect(press('x', none)).toBeNull()
  })
  it('select with Shift, and Enter shows what is selected', () => {
    expect(press('ArrowRight', { at: 1, since: null }, true)).toEqual({ cursor: { at: 2, since: 1 } })
    expect(press('Enter', { at: 2, since: 1 })).toEqual({
      span: { from: NOW - 3 * HOUR, to: NOW - 2 * HOUR, name: null },
    })
    expect(press('Enter', { at: 2, since: null })).toBeNull()
  })
})

describe('spark', () => {
  it('is broken by a gap and stays in its box', () => {
    const rows = [0, 30, 60, 300].map((m) => ({ time: new Date(m * MINUTE).toISOString(), value: m, count: 1 }))
    expect(sparkPath(rows, { from: 0, to: 300 * MINUTE }, 100, 10)).toBe('M0.0 10.0L10.0 9.0L20.0 8.0M100.0 0.0')
    expect(sparkPath([], { from: 0, to: 1 }, 100, 10)).toBe('')
  })
  it('of one value only is a line in the middle', () => {
    const rows = [0, 30].map((m) => ({ time: new Date(m * MINUTE).toISOString(), value: 5, count: 1 }))
    expect(sparkPath(rows, { from: 0, to: 60 * MINUTE }, 100, 10)).toBe('M0.0 5.0L50.0 5.0')
  })
})
