import { describe, expect, test } from 'vitest'
import { indexFor, narrowings, passing, queryOf, type View, viewOf } from '../src/view.ts'
import { STATES } from '../src/wire.ts'

const plain = viewOf({})

describe('the view and its address', () => {
  const all: View = {
    states: new Set(STATES.filter((s) => s !== 'good' && s !== 'offline')),
    park: 'amata',
    parameter: 'nh4_n',
    kind: 'effluent',
    wrong: true,
    heat: true,
    follow: true,
    at: { center: [106.89381, 10.94203], zoom: 11.25 },
  }

  test('what an address says comes back from it', () => {
    expect(viewOf(queryOf(all))).toEqual(all)
  })

  test('what is as usual is not in the address', () => {
    expect(Object.values(queryOf(plain)).every((v) => v === '')).toBe(true)
    expect(viewOf(queryOf(plain))).toEqual(plain)
  })

  test('a place that is none is passed over', () => {
    for (const at of ['', '1,2', '1,2,x', '1,2,3,4', ',,', '190,0,5', '0,89,5', '0,0,-1', '0,0,99', 'NaN,1,1'])
      expect(viewOf({ at }).at, at).toBeNull()
  })

  test('unknown states hide nothing', () => {
    expect(viewOf({ hide: 'weather,good' }).states.size).toBe(STATES.length - 1)
  })
})

describe('the filters', () => {
  const s = { id: 'a', state: 'good' as const, park: 'p', kind: 'effluent', parameters: ['cod', 'ph'] }
  const passes = (v: Partial<View>, alarmed: string[] = []) => passing({ ...plain, ...v }, new Set(alarmed))(s)

  test('each of them alone lets through or not', () => {
    expect(passes({})).toBe(true)
    expect(passes({ states: new Set() })).toBe(false)
    expect(passes({ park: 'p' })).toBe(true)
    expect(passes({ park: 'q' })).toBe(false)
    expect(passes({ kind: 'air' })).toBe(false)
    expect(passes({ parameter: 'cod' })).toBe(true)
    expect(passes({ parameter: 'tss' })).toBe(false)
  })

  test('only what is wrong: a good station with an open alert is', () => {
    expect(passes({ wrong: true })).toBe(false)
    expect(passes({ wrong: true }, ['a'])).toBe(true)
    for (const state of STATES) {
      const wrong = ['exceed', 'preparing', 'fault', 'offline'].includes(state)
      expect(passing({ ...plain, wrong: true }, new Set())({ ...s, state }), state).toBe(wrong)
    }
  })

  test('they are counted', () => {
    expect(narrowings(plain)).toBe(0)
    expect(narrowings({ ...plain, wrong: true, park: 'p', heat: true, follow: true })).toBe(2)
  })

  test('the index is that of the chosen parameter', () => {
    const measured = { index: 1.2, latest: { cod: { ratio: 1.2 }, ph: { ratio: 0.3 }, temp: { ratio: null } } }
    expect(indexFor(measured, '')).toBe(1.2)
    expect(indexFor(measured, 'ph')).toBe(0.3)
    expect(indexFor(measured, 'temp')).toBeNull()
    expect(indexFor(measured, 'tss')).toBeNull()
  })
})
