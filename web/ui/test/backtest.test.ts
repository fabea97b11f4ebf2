import { expect, test } from 'vitest'
import { change, offsetOf, read, TEMPLATE } from '../src/pages/rules/draft.ts'
import { dayBars, daysOf, differenceOf, differences, lanes } from '../src/pages/rules/picture.ts'
import type { BacktestSpan } from '../src/wire-rules.ts'

const TEXT = `# who changes this asks Lan first
name: {vi: COD cao, en: High COD}
parameters: [cod]
levels: {warning: 0.9, critical: 1} # of the limit
for: 10m # as agreed
`

test('the form changes one value and leaves comments and order', () => {
  const longer = change(TEXT, ['for'], '30m')
  expect(longer).toBe(TEXT.replace('for: 10m #', 'for: 30m #'))
  const raised = change(TEXT, ['levels', 'critical'], 1.2)
  expect(read(raised)?.levels).toEqual({ warning: 0.9, critical: 1.2 })
  expect(raised).toContain('# who changes this asks Lan first')
  expect(raised).toContain('# of the limit')
  expect(change(TEXT, ['parameters'], ['cod', 'tss'])).toContain('parameters: [cod, tss]')
  expect(read(change(TEXT, ['stations'], ['amata-01']))?.stations).toEqual(['amata-01'])
})

test('what is emptied is taken out, and so is what that leaves empty', () => {
  const none = change(change(TEXT, ['levels', 'critical'], undefined), ['levels', 'warning'], undefined)
  expect(read(none)).not.toHaveProperty('levels')
  expect(read(change(TEXT, ['parameters'], []))).not.toHaveProperty('parameters')
  expect(change(TEXT, ['horizon'], undefined)).toBe(TEXT)
})

test('a text that cannot be read stays as it is', () => {
  for (const broken of ['levels: [', '- a list', 'just words', '', 'a: &x 1\nb: *x']) {
    expect(read(broken), broken).toBeNull()
    expect(change(broken, ['for'], '5m')).toBe(broken)
  }
  expect(read('when: cod > 5 && ph < 6')).toEqual({ when: 'cod > 5 && ph < 6' })
})

test('the template of a new rule can be read', () => {
  expect(read(TEMPLATE)).toMatchObject({ on: 'value', for: '10m', levels: { warning: 0.9, critical: 1 } })
})

test('a fault is found by its line and column', () => {
  expect(offsetOf('ab\ncdé\nf', 2, 3)).toBe(5)
  expect(offsetOf('ab\ncd', 1, 1)).toBe(0)
  expect(offsetOf('ab\ncd', 9, 9)).toBe(5)
})

const at = (h: number) => new Date(Date.UTC(2026, 10, 1, h)).toISOString()

const bar = (over: Partial<BacktestSpan>): BacktestSpan => ({
  side: 'draft',
  station: 'a',
  parameter: 'cod',
  severity: 'critical',
  from: at(0),
  to: at(1),
  alone: false,
  missed: false,
  ...over,
})

test('lanes hold both sides by station, those that differ most first, within the picture', () => {
  const spans = [
    bar({ station: 'a', from: at(-5), to: at(2) }),
    bar({ station: 'a', side: 'in_force' }),
    bar({ station: 'b', side: 'in_force', from: at(5), to: at(5), alone: true }),
    bar({ station: 'c', side: 'in_force', alone: true, missed: true, from: at(9), to: at(10) }),
  ]
  const list = lanes({ from: at(0), to: at(10), spans })
  expect(list.map((l) => l.station)).toEqual(['c', 'b', 'a'])
  const a = list[2]
  expect([a?.before.length, a?.after.length, a?.alone, a?.missed]).toEqual([1, 1, 0, 0])
  expect(a?.after[0]).toMatchObject({ left: 0, width: 0.2 })
  for (const l of list) {
    for (const m of [...l.before, ...l.after]) {
      expect(m.width).toBeGreaterThan(0)
      expect(m.left + m.width).toBeLessThanOrEqual(1)
    }
  }
})

test('differences are told worst first, and of each kind the newest first', () => {
  const spans = [
    bar({ alone: true, from: at(1) }),
    bar({ alone: true, side: 'in_force', from: at(2) }),
    bar({ alone: true, side: 'in_force', from: at(3) }),
    bar({ alone: true, side: 'in_force', missed: true, from: at(0) }),
    bar({}),
  ]
  expect(differences(spans).map((s) => `${differenceOf(s)} ${new Date(s.from).getUTCHours()}`)).toEqual([
    'missed 0',
    'gone 3',
    'gone 2',
    'added 1',
  ])
})

test('many days are gathered without losing an alert', () => {
  const days = Array.from({ length: 731 }, (_, i) => ({ day: `d${i}`, draft: 1, in_force: i % 2 }))
  const bars = dayBars(days)
  expect(bars.length).toBeLessThanOrEqual(92)
  expect(bars.reduce((n, b) => n + b.after, 0)).toBe(731)
  expect(bars.reduce((n, b) => n + b.before, 0)).toBe(365)
  expect(dayBars([{ day: 'd', draft: 2, in_force: null }])).toEqual([{ day: 'd', before: 0, after: 2 }])
  expect(dayBars([])).toEqual([])
})

test('the length of a span is told to a tenth of a day', () => {
  expect(daysOf({ from: at(0), to: at(24 * 90) })).toBe(90)
  expect(daysOf({ from: at(0), to: at(36) })).toBe(1.5)
})
