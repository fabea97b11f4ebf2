import { describe, expect, test } from 'vitest'
import { columns, fold, type Point, points, SPAN, WINDOW } from '../src/series.ts'

const t0 = Date.parse('2026-11-24T06:00:00Z')
const point = (n: number, value: number, count = 1): Point => ({ time: t0 + n * WINDOW, value, count })

describe('the series of the chart', () => {
  test('a window without a value is no point', () => {
    const rows = [
      { time: '2026-11-24T06:00:00Z', value: 41, count: 60 },
      { time: '2026-11-24T06:05:00Z', value: null, count: 0 },
    ]
    expect(points(rows)).toEqual([point(0, 41, 60)])
  })

  test('a live value moves the mean of its window by its share', () => {
    const s = fold([point(0, 40, 3)], t0 + 299_999, 60)
    expect(s).toEqual([point(0, 45, 4)])
  })

  test('the first live value of a window begins it', () => {
    expect(fold([point(0, 40)], t0 + WINDOW, 60)).toEqual([point(0, 40), point(1, 60)])
  })

  test('a live value behind the last window changes nothing', () => {
    const s = [point(1, 40)]
    expect(fold(s, t0, 60)).toBe(s)
  })

  test('what is older than the span goes', () => {
    const s = fold([point(0, 40), point(1, 41)], t0 + SPAN + WINDOW, 60)
    expect(s.map((p) => p.value)).toEqual([41, 60])
  })

  test('a pause of more than three windows is a gap; a shorter one is bridged', () => {
    const [times, values] = columns([point(0, 1), point(3, 2), point(7, 3)])
    expect(values).toEqual([1, 2, null, 3])
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })
})
