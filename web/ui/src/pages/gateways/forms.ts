import type { Key } from '../../i18n/vi.ts'
import type { Gateway, NewGateway, NewMapping } from '../../wire-doors.ts'

/** What the forms of this page accept, checked before the server is asked. Pure. */

export interface GatewayDraft {
  id: string
  username: string
  /** Every station, whatever is chosen. */
  every: boolean
  stations: readonly string[]
  /** One fingerprint a line. */
  certificates: string
}

export const NEW: GatewayDraft = { id: '', username: '', every: false, stations: [], certificates: '' }

export function draftOf(g: Gateway): GatewayDraft {
  const every = g.stations.includes('*')
  return {
    id: g.id,
    username: g.username,
    every,
    stations: every ? [] : g.stations,
    certificates: g.certificates.join('\n'),
  }
}

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The first thing that is wrong with a draft; null when nothing is. `taken` are ids that there are. */
export function wrongGateway(d: GatewayDraft, taken: readonly string[]): Key | null {
  if (!ID.test(d.id)) return 'gateways.id_bad'
  if (taken.includes(d.id)) return 'gateways.id_taken'
  if (!d.every && d.stations.length === 0) return 'gateways.none_chosen'
  if (fingerprints(d.certificates).some((f) => !/^[0-9a-f]{64}$/.test(f))) return 'gateways.certificates_bad'
  return null
}

/** Fingerprints as openssl and browsers print them, with colons and in capitals, become plain hex. */
export function fingerprints(lines: string): string[] {
  return lines
    .split('\n')
    .map((line) => line.replace(/^.*=/, '').replace(/[\s:]/g, '').toLowerCase())
    .filter(Boolean)
}

export function gatewayOf(d: GatewayDraft, disabled: boolean): NewGateway {
  const body: NewGateway = {
    stations: d.every ? ['*'] : [...d.stations],
    certificates: fingerprints(d.certificates),
    disabled,
  }
  const username = d.username.trim()
  if (username !== '') body.username = username
  return body
}

export interface MappingDraft {
  kind: NewMapping['kind']
  name: string
  target: string
  station: string
  dialect: string
  parameter: string
  unit: string
  /** As typed. */
  factor: string
}

export const NEW_MAPPING: MappingDraft = {
  kind: 'parameter',
  name: '',
  target: '',
  station: '',
  dialect: '',
  parameter: '',
  unit: '',
  factor: '',
}

/** A number as typed, with a decimal comma or point; null when it is none or would wipe every value out. */
export function factorOf(text: string): number | null {
  const n = Number(text.trim().replace(',', '.'))
  return text.trim() !== '' && Number.isFinite(n) && n !== 0 ? n : null
}

export function wrongMapping(d: MappingDraft): Key | null {
  return d.kind === 'parameter' && d.factor.trim() !== '' && factorOf(d.factor) === null ? 'aliases.factor_bad' : null
}

/** Only what means something for the kind is sent. */
export function mappingOf(d: MappingDraft): NewMapping {
  const out: NewMapping = { kind: d.kind, name: d.name.trim(), target: d.target }
  if (d.kind === 'topic' && d.dialect !== '') out.dialect = d.dialect
  if (d.kind === 'topic' && d.parameter !== '') out.parameter = d.parameter
  if (d.kind !== 'parameter') return out
  if (d.station !== '') out.station = d.station
  if (d.unit.trim() !== '') out.unit = d.unit.trim()
  const factor = factorOf(d.factor)
  if (factor !== null) out.factor = factor
  return out
}

/** A line for a shell that publishes one value as this gateway. Everything is quoted: a password may hold anything. */
export function publishLine(g: Pick<Gateway, 'username' | 'stations'>, password: string, host: string): string {
  const station = g.stations.find((s) => s !== '*') ?? '{station}'
  const message = '{"values": {"ph": 7.1}}'
  const words = ['-h', host, '-p', '1883', '-u', g.username, '-P', password, '-q', '1']
  return ['mosquitto_pub', ...words, '-t', `quantrac/v1/${station}/readings`, '-m', message].map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
