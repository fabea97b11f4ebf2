import { describe, expect, test } from 'vitest'
import { checksum, examples } from '../src/pages/decode/examples.ts'
import { waitsFor } from '../src/pages/decode/names.ts'
import { fromBase64, hexDump, textOf } from '../src/parts/bytes.ts'
import { compact, fromLocal, toLocal } from '../src/parts/zone.ts'
import type { Quarantined } from '../src/wire-doors.ts'

const now = Date.parse('2026-11-24T06:05:30Z')

describe('the examples', () => {
  test('the checksum is that of HJ 212-2017 and not of Modbus', () => {
    expect(checksum('123456789')).toBe('2F80')
    expect(
      checksum('QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&'),
    ).toBe('1C80')
  })

  test('each names the station where its format has room for it, and the present minute of Viet Nam', () => {
    for (const { name, topic, filename, body } of examples('amata-01', now)) {
      expect(topic + filename, name).toContain('amata-01')
      expect(body, name).toMatch(/20261124130500|2026-11-24T13:05:00\+07:00/)
    }
  })

  test('the frame of HJ 212 says its own length', () => {
    const body = examples('amata-01', now)[2]?.body ?? ''
    expect(Number(body.slice(2, 6))).toBe(body.indexOf('&&', 80) === -1 ? 0 : body.trimEnd().length - 10)
  })
})

describe('raw bytes', () => {
  const bytes = (...b: number[]) => new Uint8Array(b)

  test('text is UTF-8 without control characters', () => {
    expect(textOf(new TextEncoder().encode('pH\t7,1\r\nTổng'))).toBe('pH\t7,1\r\nTổng')
    expect(textOf(bytes(0x41, 0x00))).toBeNull()
    expect(textOf(bytes(0xff, 0xfe))).toBeNull()
  })

  test('a byte order mark is kept: the decoder has to see it', () => {
    expect(textOf(bytes(0xef, 0xbb, 0xbf, 0x41))).toBe('\ufeffA')
  })

  test('a dump shows offset, hex and what is printable, and no more than it is told', () => {
    const dump = hexDump(bytes(...Array.from({ length: 40 }, (_, i) => i + 60)), 18).split('\n')
    expect(dump).toHaveLength(2)
    expect(dump[0]).toBe('000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK')
    expect(dump[1]).toMatch(/^000010 {2}4c 4d {2}/)
  })

  test('what is no base64 is no bytes', () => {
    expect(fromBase64('QUI=')).toEqual(bytes(0x41, 0x42))
    expect(fromBase64('*')).toBeNull()
  })
})

test('the wall clock is that of Viet Nam, whatever the zone of the browser', () => {
  expect(toLocal(now)).toBe('2026-11-24T13:05:30')
  expect(fromLocal(toLocal(now))).toBe(now)
  expect(fromLocal('2026-11-24T13:05')).toBe(now - 30_000)
  expect(fromLocal('24/11/2026')).toBeNull()
  expect(compact(now)).toBe('20261124130530')
})

describe('what waits for a name', () => {
  const entry = (reason: string, detail: string) => ({ rejected: [{ reason, detail }] }) as unknown as Quarantined

  test('is what was rejected for that very name', () => {
    const u = { kind: 'parameter' as const, name: 'COD "ra"' }
    expect(waitsFor(entry('unknown_parameter', 'the catalogue has no parameter "cod \\"RA\\""'), u)).toBe(true)
    expect(waitsFor(entry('unknown_parameter', 'the catalogue has no parameter "COD"'), u)).toBe(false)
    expect(waitsFor(entry('unknown_station', 'no station "COD \\"ra\\""'), u)).toBe(false)
    expect(waitsFor({ rejected: null } as unknown as Quarantined, u)).toBe(false)
  })
})
