import { describe, expect, test } from 'vitest'
import { clockFace, isNight, newest, next, shift, worst } from '../src/pages/wall/focus.ts'
import type { Alert, State, Station } from '../src/wire.ts'

const station = (id: string, state: State, index: number) => ({ id, state, index, latest: {} }) as unknown as Station
const alert = (id: string, at: string, severity: string, more = {}) =>
  ({ id, station: { id: at }, severity, opened_at: `2026-11-24T0${id.length}:00:00Z`, ...more }) as unknown as Alert
const map = (...all: Station[]) => new Map(all.map((s) => [s.id, s]))

describe('the wall', () => {
  const stations = map(
    station('a', 'good', 0.2),
    station('b', 'exceed', 1.5),
    station('c', 'exceed', 3),
    station('d', 'offline', 0),
    station('e', 'preparing', 0.8),
  )

  test('shows the gravest alert first, then the worst stations without one, and nothing that is well', () => {
    const turn = worst(stations, [alert('x', 'd', 'emergency'), alert('xx', 'b', 'critical')])
    expect(turn.map((f) => f.station.id)).toEqual(['d', 'b', 'c', 'e'])
    expect(turn.map((f) => f.alert?.id ?? null)).toEqual(['x', 'xx', null, null])
  })

  test('an alert that is silenced or explained gets no turn', () => {
    const quiet = [
      alert('x', 'd', 'critical', { inhibited_by: 'y' }),
      alert('z', 'a', 'critical', { silenced_by: 's' }),
    ]
    expect(worst(stations, quiet).map((f) => f.station.id)).toEqual(['c', 'b', 'e'])
  })

  test('the turn goes round, and begins anew where its station has gone', () => {
    const turn = worst(stations, [])
    expect(next(turn, 'c')).toBe('b')
    expect(next(turn, 'e')).toBe('c')
    expect(next(turn, 'gone')).toBe('c')
    expect(next([], 'c')).toBeNull()
  })

  test('the newest alerts are the newest', () => {
    const all = [alert('x', 'a', 'info'), alert('xxx', 'b', 'info'), alert('xx', 'c', 'info')]
    expect(newest(all, 2).map((a) => a.id)).toEqual(['xxx', 'xx'])
  })

  test('night is where the stations are, whatever the zone of the screen', () => {
    expect(isNight(Date.parse('2026-11-24T11:59:00Z'))).toBe(false)
    expect(isNight(Date.parse('2026-11-24T12:00:00Z'))).toBe(true)
    expect(isNight(Date.parse('2026-11-24T22:59:00Z'))).toBe(true)
    expect(isNight(Date.parse('2026-11-24T23:00:00Z'))).toBe(false)
    expect(clockFace(Date.parse('2026-11-24T17:05:09Z'), 'vi')[1]).toBe('00:05:09')
  })

  test('the picture moves, by a little, and comes back', () => {
    const moves = Array.from({ length: 24 }, (_, i) => shift(i * 60_000))
    expect(new Set(moves.map(String)).size).toBeGreaterThan(6)
    for (const [x, y] of moves) expect(Math.hypot(x, y)).toBeLessThan(6)
    expect(moves[12]).toEqual(moves[0])
  })
})
