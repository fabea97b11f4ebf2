import type { Key } from '../../i18n/vi.ts'
import { compact, toLocal } from '../../parts/zone.ts'

/** Payloads to try, as gateways in the field send them, for a station that there is and the present minute. Pure. */

export interface Example {
  name: Key
  topic: string
  filename: string
  body: string
}

export function examples(station: string, now: number): Example[] {
  const at = Math.floor(now / 60_000) * 60_000
  return [native(station, at), circular(station, at), hj212(station, at), strangers(station, at)]
}

function topicOf(station: string): string {
  return `quantrac/v1/${station}/readings`
}

function native(station: string, at: number): Example {
  const body = `{"measured_at": "${toLocal(at)}+07:00", "sequence": 1234, "status": "measuring",
 "values": {
   "ph": 7.42,
   "temp": 29.8,
   "cod": 31.6,
   "tss": {"value": 14.2, "unit": "mg/L", "status": "calibrating"},
   "nh4_n": {"value": 620, "unit": "µg/L"},
   "color": "---"}}
`
  return { name: 'decode.example_native', topic: topicOf(station), filename: '', body }
}

function circular(station: string, at: number): Example {
  const time = compact(at)
  const rows = [
    ['Flow_out', '176.9', 'm3/h', '00'],
    ['pH', '7,42', '-', '00'],
    ['Temp', '29.8', 'oC', '00'],
    ['COD', '31.6', 'mg/L', '00'],
    ['TSS', '14.2', 'mg/L', '01'],
    ['NH4', '---', 'mg/L', '02'],
  ]
  const body = rows.map(([name, value, unit, status]) => `${[name, value, unit, time, status].join('\t')}\r\n`).join('')
  return { name: 'decode.example_circular', topic: '', filename: `DN_KCN_${station}_${time}.txt`, body }
}

function hj212(station: string, at: number): Example {
  const time = compact(at)
  const data = `QN=${time}000;ST=32;CN=2011;PW=000000;MN=75DN00000000000000000001;Flag=5;CP=&&DataTime=${time};w01018-Rtd=31.6,w01018-Flag=N;w01001-Rtd=7.42,w01001-Flag=C&&`
  const length = String(data.length).padStart(4, '0')
  const body = `##${length}${data}${checksum(data)}\r\n`
  return { name: 'decode.example_hj212', topic: topicOf(station), filename: '', body }
}

function strangers(station: string, at: number): Example {
  const body = `{"time": "${toLocal(at)}+07:00", "CODcr_out": 41.8, "PH_dau_ra": 7.1, "Amoni_online": 0.62}\n`
  return { name: 'decode.example_names', topic: topicOf(station), filename: '', body }
}

/** The CRC of HJ 212-2017 over the data segment, four hex digits. It is not that of Modbus: the high byte is shifted in first. */
export function checksum(data: string): string {
  let crc = 0xffff
  for (const byte of new TextEncoder().encode(data)) {
    crc = (crc >> 8) ^ byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
