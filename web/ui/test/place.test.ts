import { describe, expect, test } from 'vitest'
import { addressOf, PAGES, placeOf } from '../src/place.ts'
import { allows } from '../src/role.ts'

describe('places', () => {
  test('an address that was made means the place it was made for', () => {
    for (const page of PAGES) {
      const url = new URL(addressOf(page, { gateway: 'gw a&b', empty: '' }), 'http://host/below/ledger?old=1')
      expect(url.pathname).toBe(`/below/${page === 'map' ? '' : page}`)
      expect(placeOf(url.pathname, url.search)).toEqual({ page, query: { gateway: 'gw a&b' } })
    }
  })

  test('what is not known is the map', () => {
    for (const path of ['/', '/index.html', '/nothing', '/LEDGER']) expect(placeOf(path, '').page).toBe('map')
  })
})

test('a later role may do what an earlier one may; an unknown one may do nothing', () => {
  expect(allows('admin', 'officer')).toBe(true)
  expect(allows('officer', 'officer')).toBe(true)
  expect(allows('viewer', 'officer')).toBe(false)
  expect(allows('root', 'viewer')).toBe(false)
})
