import { expect, test } from 'vitest'
import { changes } from '../src/pages/audit/diff.ts'
import { tokenIn, wrongPassword } from '../src/session.ts'

test('the token of a link stands behind the #, and nowhere else', () => {
  expect(tokenIn('#/setup?token=abc_-1')).toBe('abc_-1')
  for (const other of ['', '#', '#/setup', '#/map?token=abc', '#/setup?other=1', '?token=abc'])
    expect(tokenIn(other)).toBe('')
})

test('a new password is long enough in characters, and the same twice', () => {
  expect(wrongPassword('ngắn', 'ngắn')).toBe('account.too_short')
  expect(wrongPassword('ăăăăăăăăăăă', 'ăăăăăăăăăăă')).toBe('account.too_short')
  expect(wrongPassword('năm con thuyền', 'năm con thuyên')).toBe('account.not_same')
  expect(wrongPassword('năm con thuyền', 'năm con thuyền')).toBeNull()
})

test('a change is told field by field', () => {
  const before = {
    id: 'a',
    levels: { warning: { times: 0.7 }, critical: { times: 1 } },
    parks: ['amata', 'loteco'],
    off: false,
  }
  const after = {
    id: 'a',
    levels: { warning: { times: 0.8 }, critical: { times: 1 } },
    parks: ['amata'],
    note: 'x',
    off: true,
  }
  expect(changes(before, after)).toEqual([
    { path: 'levels.warning.times', before: '0.7', after: '0.8' },
    { path: 'parks', before: 'amata, loteco', after: 'amata' },
    { path: 'off', before: 'false', after: 'true' },
    { path: 'note', before: null, after: 'x' },
  ])
})

test('what was not there, and what is not any more', () => {
  expect(changes(null, { a: 1, b: [] })).toEqual([{ path: 'a', before: null, after: '1' }])
  expect(changes({ a: [{ b: 1 }] }, null)).toEqual([{ path: 'a.0.b', before: '1', after: null }])
  expect(changes(null, null)).toEqual([])
  expect(changes('x', 'y')).toEqual([{ path: '', before: 'x', after: 'y' }])
})
