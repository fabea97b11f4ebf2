import { describe, expect, test } from 'vitest'
import {
  draftOf,
  factorOf,
  fingerprints,
  gatewayOf,
  mappingOf,
  NEW,
  NEW_MAPPING,
  publishLine,
  wrongGateway,
  wrongMapping,
} from '../src/pages/gateways/forms.ts'
import type { Gateway } from '../src/wire-doors.ts'

describe('the form of a gateway', () => {
  const good = { ...NEW, id: 'gw-1', stations: ['amata-01'] }

  test('takes what the server takes', () => {
    expect(wrongGateway(good, [])).toBeNull()
    expect(wrongGateway({ ...good, stations: [], every: true }, [])).toBeNull()
  })

  test('says what is wrong', () => {
    expect(wrongGateway({ ...good, id: '-x' }, [])).toBe('gateways.id_bad')
    expect(wrongGateway({ ...good, id: 'a'.repeat(64) }, [])).toBe('gateways.id_bad')
    expect(wrongGateway(good, ['gw-1'])).toBe('gateways.id_taken')
    expect(wrongGateway({ ...good, stations: [] }, [])).toBe('gateways.none_chosen')
    expect(wrongGateway({ ...good, certificates: 'abc' }, [])).toBe('gateways.certificates_bad')
  })

  test('reads fingerprints as openssl prints them', () => {
    const hex = 'ab'.repeat(32)
    const printed = `sha256 Fingerprint=${hex.toUpperCase().match(/../g)?.join(':')}\n\n ${hex} \n`
    expect(fingerprints(printed)).toEqual([hex, hex])
  })

  test('a change keeps what it does not touch', () => {
    const g = { id: 'g', username: 'u', stations: ['*'], certificates: ['c'], disabled: false } as unknown as Gateway
    expect(gatewayOf(draftOf(g), true)).toEqual({ username: 'u', stations: ['*'], certificates: ['c'], disabled: true })
  })
})

describe('the form of a mapping', () => {
  test('sends only what means something for its kind', () => {
    const full = { ...NEW_MAPPING, name: ' x ', target: 't', station: 's', dialect: 'flat', unit: 'g/L', factor: '0,5' }
    expect(mappingOf({ ...full, kind: 'parameter' })).toEqual({
      kind: 'parameter',
      name: 'x',
      target: 't',
      station: 's',
      unit: 'g/L',
      factor: 0.5,
    })
    expect(mappingOf({ ...full, kind: 'station' })).toEqual({ kind: 'station', name: 'x', target: 't' })
    expect(mappingOf({ ...full, kind: 'topic' })).toEqual({ kind: 'topic', name: 'x', target: 't', dialect: 'flat' })
  })

  test('a factor is a number and never 0, which would wipe every value out', () => {
    expect([factorOf('1,5'), factorOf('-2'), factorOf('0'), factorOf('x'), factorOf('')]).toEqual([
      1.5,
      -2,
      null,
      null,
      null,
    ])
    expect(wrongMapping({ ...NEW_MAPPING, factor: '0' })).toBe('aliases.factor_bad')
    expect(wrongMapping(NEW_MAPPING)).toBeNull()
  })
})

test('the line to try a gateway with survives any password', () => {
  const line = publishLine({ username: 'gw', stations: ['amata-01'] }, "p'a $(x)", 'host')
  expect(line).toBe(
    `mosquitto_pub -h host -p 1883 -u gw -P 'p'\\''a $(x)' -q 1 -t quantrac/v1/amata-01/readings -m '{"values": {"ph": 7.1}}'`,
  )
})
