import { describe, expect, test } from 'vitest'
import { Words } from '../src/i18n/format.ts'
import { emptyDraft, end, faultOf, specOf, withLength } from '../src/mutes/draft.ts'
import { matcherOf, matches, muteState } from '../src/mutes/mute.ts'
import { type Names, sentence } from '../src/mutes/sentence.ts'
import { bar, calendar } from '../src/pages/silences/calendar.ts'
import { DAY } from '../src/parts/zone.ts'
import type { Alert } from '../src/wire.ts'

const now = Date.parse('2026-11-24T05:00:00Z')
const text = (s: string) => ({ vi: s, en: s })

function alert(station: string, parameter: string | null, rule = 'over-limit'): Alert {
  const where = { id: station, name: text(station) }
  return { station: where, park: { id: 'amata', name: text('') }, parameter, rule, severity: 'critical' } as Alert
}

describe('a silence', () => {
  test('reaches what every field names', () => {
    const m = { stations: ['a1'], parameters: ['cod'] }
    expect(matches(m, alert('a1', 'cod'))).toBe(true)
    expect(matches(m, alert('a1', 'ph'))).toBe(false)
    expect(matches(m, alert('a1', null))).toBe(false)
    expect(matches({}, alert('a1', null))).toBe(true)
  })
  test('made for one alert reaches that one and little else', () => {
    expect(matcherOf([alert('a1', 'cod')])).toEqual({ stations: ['a1'], parameters: ['cod'] })
    expect(matcherOf([alert('a1', null, 'silent')])).toEqual({ stations: ['a1'], rules: ['silent'] })
  })
  test('made for an outage reaches it through its park', () => {
    const outage = alert('', null, 'silent')
    const m = matcherOf([outage])
    expect(m).toEqual({ parks: ['amata'], rules: ['silent'] })
    expect(matches(m, outage)).toBe(true)
  })
  test('made for several reaches all of them', () => {
    const several = [alert('a1', 'cod'), alert('a2', 'ph'), alert('', null, 'silent')]
    const m = matcherOf(several)
    expect(several.every((a) => matches(m, a))).toBe(true)
  })
  test('begins with its from and ends before its to', () => {
    const m = { from: '2026-11-24T05:00:00Z', to: '2026-11-24T06:00:00Z' }
    expect([now - 1, now, now + 3_599_999, now + 3_600_000].map((at) => muteState(m, at))).toEqual([
      'pending',
      'active',
      'active',
      'expired',
    ])
  })
})

describe('the draft of a silence', () => {
  const good = { ...emptyDraft('silence', { stations: ['a1'] }), reason: ' thay đầu đo ' }
  test('is sent without a begin when it begins now', () => {
    expect(faultOf(good, now)).toBeNull()
    expect(specOf(good, now)).toEqual({
      matcher: { stations: ['a1'] },
      to: '2026-11-24T09:00:00.000Z',
      reason: 'thay đầu đo',
    })
  })
  test('reads its times where the stations are', () => {
    const later = { ...good, from: '2026-11-25T08:00', length: 'own' as const, to: '2026-11-25T12:00' }
    expect(specOf(later, now)).toMatchObject({ from: '2026-11-25T01:00:00.000Z', to: '2026-11-25T05:00:00.000Z' })
  })
  test('says what is wrong with it', () => {
    const own = { ...good, length: 'own' as const }
    const faults = [
      emptyDraft('silence'),
      { ...good, reason: '  ' },
      { ...own, to: '' },
      { ...own, from: '2026-11-25T08:00', to: '2026-11-25T07:00' },
      { ...own, from: '2026-11-20T08:00', to: '2026-11-20T09:00' },
      { ...own, to: '2027-06-01T00:00' },
    ].map((d) => faultOf(d, now))
    expect(faults).toEqual([
      'mute.nothing_named',
      'mute.no_reason',
      'mute.bad_time',
      'mute.backwards',
      'mute.over',
      'mute.too_long',
    ])
  })
  test('keeps its end when it gets one of its own', () => {
    const own = withLength(good, 'own', now)
    expect(own.to).toBe('2026-11-24T16:00')
    expect(end(own, now)).toBe(now + 4 * 3_600_000)
  })
})

describe('the sentence', () => {
  const names: Names = {
    parks: new Map([['amata', { name: text('KCN Amata') }]]),
    stations: new Map(['a1', 'a2', 'a3', 'a4'].map((id) => [id, { name: text(`Trạm ${id}`) }])),
    parameters: new Map([['cod', { code: 'cod', name: text('COD'), unit: 'mg/L', symbol: 'COD', decimals: 1 }]]),
    rules: new Map([['silent', text('Mất kết nối')]]),
  }
  const when = { from: null, to: now + 4 * 3_600_000 }
  const say = (m: Parameters<typeof sentence>[0]) => sentence(m, when, names, new Words('vi'))

  test('says what, where and until when', () => {
    expect(say({ stations: ['a1'], parameters: ['cod'] })).toMatch(
      /^Không gửi thông báo về COD của Trạm a1, từ bây giờ đến 16:00 24[-/]11\.$/,
    )
    expect(say({ parks: ['amata'], rules: ['silent'], severities: ['warning'] })).toContain(
      'mọi thông số của mọi trạm thuộc KCN Amata, theo quy tắc “Mất kết nối”, mức Cảnh báo',
    )
  })
  test('counts what would be too long to name, and names what it does not know by its id', () => {
    expect(say({ stations: ['a1', 'a2', 'a3', 'a4'] })).toContain('Trạm a1, Trạm a2 và 2 nơi khác')
    expect(say({ stations: ['gone'] })).toContain('gone')
  })
})

describe('the calendar', () => {
  const c = calendar(now)
  test('begins at a midnight there, three days back', () => {
    expect(new Date(c.from).toISOString()).toBe('2026-11-20T17:00:00.000Z')
    expect(c.days).toHaveLength(14)
  })
  test('shows a span within it, cuts one that goes beyond, and leaves out one outside', () => {
    expect(bar(c, c.from + DAY, c.from + 2 * DAY)).toMatchObject({ left: 1 / 14, earlier: false, later: false })
    expect(bar(c, c.from - DAY, c.to + DAY)).toMatchObject({ left: 0, width: 1, earlier: true, later: true })
    expect(bar(c, c.to, c.to + DAY)).toBeNull()
    expect(bar(c, c.from, c.from + 1)?.width).toBeGreaterThan(0)
  })
})
