import { expect, test } from 'vitest'
import { en } from '../src/i18n/en.ts'
import { vi as first } from '../src/i18n/vi.ts'
import { rest } from '../src/i18n/vi-rest.ts'

const vi = { ...first, ...rest }

test('both languages have the same texts, none of them empty', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(vi).sort())
  for (const text of [...Object.values(vi), ...Object.values(en)]) expect(text.trim()).not.toBe('')
})

test('a text has the same gaps in both languages', () => {
  const gaps = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
  for (const [key, text] of Object.entries(vi)) {
    expect(gaps((en as Record<string, string>)[key] ?? ''), key).toEqual(gaps(text))
  }
})

test('no text calls anything a violation, except to say that it is none: only an officer states one', () => {
  for (const text of [...Object.values(vi), ...Object.values(en)]) {
    expect(text.toLowerCase().replace(/không phải kết luận vi phạm|not a (finding of a )?violation/g, '')).not.toMatch(
      /vi phạm|violation/,
    )
  }
})
