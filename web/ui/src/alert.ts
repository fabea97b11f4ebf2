import type { Words } from './i18n/format.ts'
import type { Alert, Where } from './wire.ts'

/** What an alert is about. A silence of a whole park or gateway has no station. Pure. */

export function stationOf(a: Alert): string | null {
  return a.station?.id || null
}

export function isOutage(a: Alert): boolean {
  return stationOf(a) === null
}

/** The station, or the park or gateway that is silent as a whole. */
export function placeName(a: Alert, w: Words): string {
  if (stationOf(a)) return w.text(a.station.name) || a.station.id
  if (a.scope === 'gateway') return w.t('alert.whole_gateway', { id: a.scope_id ?? '' })
  if (a.scope === 'park') return w.t('alert.whole_park', { park: parkName(a.park, w) || (a.scope_id ?? '') })
  return parkName(a.park, w) || w.t('alert.no_place')
}

export function parkName(park: Where | null | undefined, w: Words): string {
  return park ? w.text(park.name) || park.id : ''
}

export function ruleName(a: Alert, w: Words): string {
  return w.text(a.rule_name) || a.rule
}

/** Of open alerts those that no other open one explains: what is counted and listed. The rest stands beneath what explains it. */
export function told(open: ReadonlyMap<string, Alert>): Alert[] {
  return [...open.values()].filter((a) => !(a.inhibited_by && open.has(a.inhibited_by)))
}

/** Its notices are kept back, by a silence or because another alert explains it. */
export function isQuiet(a: Alert): boolean {
  return Boolean(a.silenced_by || a.inhibited_by)
}
