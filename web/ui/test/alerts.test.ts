import { describe, expect, test } from 'vitest'
import { isOutage, placeName } from '../src/alert.ts'
import { Words } from '../src/i18n/format.ts'
import { newsOf } from '../src/news.ts'
import { filterOf, isNarrow, questionOf, selects } from '../src/pages/alerts/filter.ts'
import { groupsOf, rowsOf } from '../src/pages/alerts/groups.ts'
import { isLateKnown, linesOf, toldOf } from '../src/pages/alerts/moments.ts'
import { fromRaw, isOfValues, peakOf, spanOf, stepOf } from '../src/pages/alerts/series.ts'
import { apply, empty } from '../src/store.ts'
import type { Alert, Moment, SnapshotFrame } from '../src/wire.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const name = (text: string) => ({ vi: text, en: text })

function alert(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    id,
    revision: 1,
    rule: 'over-limit',
    severity: 'critical',
    state: 'open',
    station: { id: 'amata-01', name: name('Amata 1') },
    park: { id: 'amata', name: name('Amata') },
    parameter: 'cod',
    basis: 'value',
    value: 91.2,
    unit: 'mg/L',
    limit: 67.5,
    ratio: 1.35,
    limit_reference: '',
    limit_verified: false,
    opened_at: '2026-11-24T11:00:00Z',
    measured_at: '2026-11-24T11:55:00Z',
    late: false,
    flags: [],
    summary: name(''),
    url: '',
    peak_value: 95,
    peak_severity: 'critical',
    ...changes,
  }
}

const nowhere = { id: '', name: name('') }
const outage = alert('o', { station: nowhere, scope: 'park', scope_id: 'amata', rule: 'silent', parameter: null })
const silent = (id: string) => alert(id, { rule: 'silent', parameter: null, inhibited_by: 'o' })

describe('an alert without a station', () => {
  const w = new Words('vi')
  test('is about a park or a gateway', () => {
    expect(isOutage(outage)).toBe(true)
    expect(placeName(outage, w)).toBe('Toàn bộ trạm của Amata')
    expect(placeName({ ...outage, scope: 'gateway', scope_id: 'gw-1' }, w)).toBe('Toàn bộ trạm của cổng gw-1')
  })
  test('has a name even when nothing is known of it', () => {
    const { scope: _, ...rest } = outage
    expect(placeName({ ...rest, park: null }, w)).not.toBe('')
  })
})

describe('the list', () => {
  test('puts what an outage explains beneath it, wherever it comes', () => {
    const rows = rowsOf([silent('a'), outage, silent('b'), alert('c')])
    expect(rows.map((r) => [r.alert.id, r.children.map((c) => c.id)])).toEqual([
      ['o', ['a', 'b']],
      ['c', []],
    ])
  })
  test('shows what is explained by an alert that is not there, and loses nothing in a circle', () => {
    expect(rowsOf([silent('a')]).map((r) => r.alert.id)).toEqual(['a'])
    const circle = [alert('x', { inhibited_by: 'y' }), alert('y', { inhibited_by: 'x' })]
    expect(rowsOf(circle).flatMap((r) => [r.alert, ...r.children])).toHaveLength(2)
  })
  test('groups by park and rule, the worst group first', () => {
    const warning = { severity: 'warning', park: { id: 'loteco', name: name('Loteco') } } as const
    const groups = groupsOf([alert('w', warning), outage, silent('a'), alert('c'), alert('d')])
    expect(groups.map((g) => [g.sample.id, g.size, g.worst])).toEqual([
      ['o', 2, 'critical'],
      ['c', 2, 'critical'],
      ['w', 1, 'warning'],
    ])
  })
})

describe('the filter', () => {
  test('shows what is open where the address says nothing, and takes nothing that it does not know', () => {
    const f = filterOf({ state: 'nonsense', severity: 'worst', span: '1y' })
    expect(f).toMatchObject({ state: 'open', severity: '', span: '' })
    expect(isNarrow(f)).toBe(false)
  })
  test('chooses live as the server does', () => {
    const f = filterOf({ severity: 'critical', park: 'amata', station: 'amata-01', parameter: 'cod', span: '24h' })
    expect(selects(f, alert('a'), now)).toBe(true)
    expect(selects(f, outage, now)).toBe(false)
    expect(selects(f, alert('a', { opened_at: '2026-11-20T00:00:00Z' }), now)).toBe(false)
    expect(questionOf(f, now + 4321)).toMatchObject({ state: 'open', from: '2026-11-23T12:00:00.000Z' })
    expect(questionOf(filterOf({ state: 'any' }), now).state).toBe('')
  })
})

describe('news', () => {
  const map = (...items: Alert[]) => new Map(items.map((a) => [a.id, a]))
  test('are new alerts and worse ones, the worst first', () => {
    const before = map(alert('a', { severity: 'warning' }), alert('b'))
    const after = map(alert('a'), alert('b', { value: 3 }), alert('c', { severity: 'emergency' }))
    expect(newsOf(before, after).map((a) => a.id)).toEqual(['c', 'a'])
  })
  test('are not what is held back, late, or mere information', () => {
    const quiet = [{ silenced_by: 'm' }, { inhibited_by: 'o' }, { late: true }, { severity: 'info' as const }]
    expect(newsOf(map(), map(...quiet.map((c, i) => alert(String(i), c))))).toEqual([])
  })
})

describe('the timeline', () => {
  const at = (minute: number) => new Date(now + minute * 60_000).toISOString()
  test('says each change against the grade before it, newest first', () => {
    const moments: Moment[] = [
      { type: 'alert.opened', at: at(0), severity: 'warning' },
      { type: 'alert.updated', at: at(5), severity: 'critical' },
      { type: 'alert.commented', at: at(6), severity: 'critical', by: 'lan', comment: '…' },
    ]
    expect(linesOf(moments).map((l) => [l.moment.type, l.from])).toEqual([
      ['alert.commented', 'critical'],
      ['alert.updated', 'warning'],
      ['alert.opened', null],
    ])
  })
  test('counts who was reached by the last try to each', () => {
    const notice = (webhook: string, result: string): Moment => ({
      type: 'notice',
      at: at(1),
      notice: { webhook, name: '', event: 'alert.opened', attempt: 1, status: 0, result },
    })
    const told = [notice('a', 'retrying'), notice('a', 'delivered'), notice('b', 'dead'), notice('c', 'skipped')]
    expect(toldOf(told)).toEqual({ all: 2, reached: 1 })
  })
  test('knows what was known late', () => {
    expect(isLateKnown({ type: 'alert.opened', at: at(40), event_at: at(0) })).toBe(true)
    expect(isLateKnown({ type: 'alert.opened', at: at(1), event_at: at(0) })).toBe(false)
    expect(isLateKnown({ type: 'alert.commented', at: at(40), event_at: at(0), by: 'lan' })).toBe(false)
  })
})

describe('the chart around an alert', () => {
  test('begins before it and ends with it or now', () => {
    const open = spanOf(alert('a'), now)
    expect(open).toMatchObject({ end: now, to: now })
    expect(open.begin - open.from).toBe(3 * 3_600_000)
    const over = spanOf(alert('a', { resolved_at: '2026-11-24T11:10:00Z' }), now)
    expect(over.to).toBe(Date.parse('2026-11-24T12:00:00Z'))
    const mean = spanOf(alert('a', { basis: 'mean_24h' }), now)
    expect(mean.begin - mean.from).toBe(26 * 3_600_000)
  })
  test('takes longer steps for longer spans', () => {
    const steps = [1, 10, 100].map((days) => stepOf({ from: 0, to: days * 86_400_000, begin: 0, end: 0 }).every)
    expect(steps).toEqual(['5m', '1h', '1d'])
  })
  test('marks late and revised values, and draws nothing for those that are not usable', () => {
    const row = (measured_at: string, value: number | null, flags: string[]) => ({
      measured_at,
      value,
      raw: 9,
      status: 'measuring',
      flags,
    })
    const drawn = fromRaw([
      row('2026-11-24T11:00:00Z', 60, []),
      row('2026-11-24T11:05:00Z', null, ['out_of_range']),
      row('2026-11-24T11:10:00Z', 95, ['late']),
      row('2026-11-24T11:15:00Z', 80, ['late', 'revised']),
    ])
    expect(drawn.points).toHaveLength(3)
    expect(drawn.marks.map((m) => m.kind)).toEqual(['late', 'revised'])
    const a = alert('a')
    expect(peakOf(a, drawn, spanOf(a, now))).toEqual({
      time: Date.parse('2026-11-24T11:10:00Z'),
      value: 95,
      kind: 'peak',
    })
    expect(peakOf(alert('a', { peak_value: null }), drawn, spanOf(a, now))).toBeNull()
  })
  test('draws no limit in another unit', () => {
    expect(isOfValues(alert('a', { basis: 'load' }))).toBe(false)
  })
})

describe("the server's answer to an act", () => {
  const open = (...alerts: Alert[]) => {
    const hotspots = { type: 'FeatureCollection', features: [] } as const
    const frame = { type: 'snapshot', sequence: 1, epoch: 'E', time: '', stations: [], alerts, hotspots }
    return apply(empty, { type: 'frame', frame: frame as unknown as SnapshotFrame, at: now })
  }
  const act = (m: ReturnType<typeof open>, a: Alert) => apply(m, { type: 'answer', alert: a }).alerts

  test('brings what people did, and keeps values that came later', () => {
    const held = alert('a', { value: 120, revision: 3 })
    const said = alert('a', { value: 91, acknowledged_by: 'lan', acknowledged_at: 'now' })
    expect(act(open(held), said).get('a')).toMatchObject({ value: 120, revision: 3, acknowledged_by: 'lan' })
  })
  test('takes an assignee away', () => {
    expect(act(open(alert('a', { assignee: 'lan' })), alert('a')).get('a')?.assignee).toBeUndefined()
  })
  test('closes an alert, and brings none back that has ended', () => {
    expect(act(open(alert('a')), alert('a', { state: 'resolved' })).size).toBe(0)
    expect(act(open(), alert('a')).size).toBe(0)
  })
})
