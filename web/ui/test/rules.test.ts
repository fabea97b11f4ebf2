import { expect, test } from 'vitest'
import { parse } from 'yaml'
import builtIn from '../../../alerts/data/rules.yaml?raw'
import { Words } from '../src/i18n/format.ts'
import { reach } from '../src/pages/rules/reach.ts'
import { type Names, sentence, sentences, severitiesOf } from '../src/pages/rules/sentence.ts'
import { lines } from '../src/pages/rules/stream.ts'
import { fromDuration, spanText, toDuration } from '../src/parts/duration.ts'
import type { Parameter, Station } from '../src/wire.ts'
import type { Rule } from '../src/wire-rules.ts'

const vi = new Words('vi')
const en = new Words('en')

const parameter = (code: string, symbol: string, unit: string): [string, Parameter] => [
  code,
  { code, symbol, unit, decimals: 1, name: { vi: symbol, en: symbol } },
]

const names: Names = {
  parks: new Map([['amata', { name: { vi: 'KCN Amata', en: 'Amata park' } }]]),
  stations: new Map([['amata-01', { name: { vi: 'Amata 1', en: 'Amata 1' } }]]),
  parameters: new Map([
    parameter('cod', 'COD', 'mg/L'),
    parameter('ph', 'pH', '1'),
    parameter('temp', 'Temp', '°C'),
    parameter('tss', 'TSS', 'mg/L'),
  ]),
}

const rule = (r: Partial<Rule>): Rule => ({ id: 'r', name: { vi: 'r', en: 'r' }, on: 'value', ...r })

const plain = (said: string[]) => said.map((s) => s.replaceAll('\u00a0', ' '))

const OVER = rule({
  except: ['temp', 'ph'],
  levels: { emergency: 3, warning: 0.7, critical: 1 },
  for: '10m',
  immediate: 1.5,
  clear: 0.95,
  keep_open: '15m',
})

test('a rule with levels says when it opens, worsens, skips the wait and ends', () => {
  expect(plain(sentences(OVER, names, vi))).toEqual([
    'Khi giá trị tức thời của mọi thông số trừ Temp, pH tại mọi trạm đạt 70 % giới hạn liên tục 10 phút, mở cảnh báo mức Cảnh báo; đạt giới hạn: mức Nghiêm trọng; đạt 3 lần giới hạn: mức Khẩn cấp.',
    'Từ 1,5 lần giới hạn thì báo ngay, không chờ đủ 10 phút.',
    'Hết cảnh báo khi xuống dưới 95 % của mức đã mở và giữ như vậy 15 phút.',
  ])
  expect(plain(sentences(OVER, names, en))).toEqual([
    'When the instant value of every parameter but Temp, pH at every station reaches 70 % of the limit for 10 minutes, an alert opens as Warning; at the limit it is Critical; at 3 times the limit it is Emergency.',
    'From 1.5 times the limit on it opens at once, without waiting 10 minutes.',
    'It ends once the figure is below 95 % of its level and stays so for 15 minutes.',
  ])
})

test('bounds are told in the unit of the parameter, and only where there is one', () => {
  const band = { critical: { above: 80, below: 5 } }
  expect(sentence(rule({ parameters: ['cod'], levels: band }), names, en)).toContain(
    '5 mg/L or less, or 80 mg/L or more',
  )
  expect(sentence(rule({ parameters: ['ph'], levels: band }), names, en)).toContain('5 or less, or 80 or more')
  expect(sentence(rule({ parameters: ['cod', 'temp'], levels: band }), names, en)).toContain('5 or less, or 80 or more')
  const rate = rule({ on: 'rate', window: '1h', parameters: ['cod'], levels: { warning: { above: 20 } } })
  expect(sentence(rate, names, vi)).toContain('đạt 20 mg/L/h trở lên')
})

test('each kind of rule has its own sentence in both languages, without a gap', () => {
  const each: Partial<Rule>[] = [
    { on: 'mean_1h', levels: { critical: 1 }, min_share: 0.75 },
    { on: 'mean_24h', levels: { critical: 1 } },
    { on: 'rate', window: '1h', levels: { warning: { above: 5 } } },
    { on: 'load', window: '24h', levels: { warning: { above: 500 } } },
    { on: 'forecast', window: '1h30m', horizon: '3h', levels: { info: 1 } },
    { on: 'anomaly', days: 7, levels: { info: { above: 4 } } },
    { on: 'flatline', severity: 'info' },
    { on: 'flatline', records: 12, severity: 'info' },
    { on: 'status', after: '2h', times: 3 },
    { on: 'silence', after: '15m', severity: 'warning' },
    { on: 'silence', after: '15m', parameters: ['cod'] },
    { on: 'expression', when: 'cod > 60 && flow_out > 0', for: '10m' },
  ]
  const said = new Set<string>()
  for (const r of each) {
    for (const w of [vi, en]) {
      const text = sentence(rule(r), names, w)
      expect(text).not.toMatch(/[{}]|undefined|NaN| {2}/)
      said.add(text)
    }
  }
  expect(said.size).toBe(each.length * 2)
})

test('where a rule applies is told by names, and what has none by its id', () => {
  const where = { stations: ['amata-01', 'gone-09'], parks: ['amata'] }
  expect(sentence(rule({ ...where, levels: { critical: 1 } }), names, en)).toContain(
    'at station Amata 1, gone-09 of Amata park reaches',
  )
  expect(sentence(rule({ kinds: ['effluent'], levels: { critical: 1 } }), names, vi)).toContain('các trạm nước thải')
})

test('a rule that rests says so first, and one without a level that it has none', () => {
  expect(sentences(rule({ enabled: false }), names, en)[0]).toBe('It rests: it judges nothing.')
  expect(sentence(rule({}), names, en)).toContain('There is no level yet')
})

test('the built-in rules can all be said', () => {
  const { rules } = parse(builtIn) as { rules: Rule[] }
  expect(rules.length).toBeGreaterThan(3)
  for (const r of rules) {
    expect(sentence(r, names, vi)).toMatch(/^Khi .+\. Hết cảnh báo .+\.$/)
    expect(severitiesOf(r).length).toBeGreaterThan(0)
  }
})

test('lengths of time are read, written and said', () => {
  expect(fromDuration('1h30m')).toBe(5_400_000)
  expect(fromDuration('0')).toBe(0)
  for (const wrong of ['', '10', 'm10', '1 h', '-5m', '10m x']) expect(fromDuration(wrong), wrong).toBeNull()
  for (const text of ['10m', '1h30m', '24h', '45s', '1h1m1s']) expect(toDuration(fromDuration(text) ?? -1)).toBe(text)
  expect(toDuration(0)).toBe('0s')
  expect(spanText('1h30m', vi)).toBe('1 giờ 30 phút')
  expect(spanText('1h', en)).toBe('1 hour')
  expect(spanText('soon', en)).toBe('soon')
})

test('a rule reaches the stations that it selects and that measure what it judges', () => {
  const station = (id: string, park: string, kind: string, parameters: string[]): Station => ({
    id,
    park,
    kind,
    parameters,
    name: { vi: id, en: id },
    location: [107, 11],
    state: 'good',
    index: null,
    latest: {},
  })
  const all = [
    station('a', 'p', 'effluent', ['cod', 'ph']),
    station('b', 'p', 'surface_water', ['ph']),
    station('c', 'q', 'effluent', ['temp']),
  ]
  const ids = (r: Partial<Rule>) => reach(rule(r), all).map((s) => s.id)
  expect(ids({})).toEqual(['a', 'b', 'c'])
  expect(ids({ parameters: ['cod'] })).toEqual(['a'])
  expect(ids({ except: ['temp'], kinds: ['effluent'] })).toEqual(['a'])
  expect(ids({ parks: ['p'], except: ['ph'] })).toEqual(['a'])
  expect(ids({ on: 'silence', parks: ['q'] })).toEqual(['c'])
  expect(ids({ on: 'silence', parameters: ['cod'] })).toEqual(['a'])
})

test('a streamed answer is cut into its lines wherever the pieces break', async () => {
  const bytes = new TextEncoder().encode('{"a":"ngày"}\n\n{"b":2}\n{"c":3}')
  for (const size of [1, 7, 1000]) {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(c) {
        for (let i = 0; i < bytes.length; i += size) c.enqueue(bytes.slice(i, i + size))
        c.close()
      },
    })
    const got: string[] = []
    for await (const line of lines(body)) got.push(line)
    expect(got).toEqual(['{"a":"ngày"}', '{"b":2}', '{"c":3}'])
  }
})
