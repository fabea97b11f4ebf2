import { stationOf } from '../alert.ts'
import type { Alert, Matcher, Mute } from '../wire.ts'

/** What a silence or a maintenance window holds back, and when. Pure. */

export type MuteState = 'active' | 'pending' | 'expired'

export function muteState(m: Pick<Mute, 'from' | 'to'>, now: number): MuteState {
  if (now < Date.parse(m.from)) return 'pending'
  return now < Date.parse(m.to) ? 'active' : 'expired'
}

/** Whether the matcher selects an alert, as the server decides it: every field that names something must name it. */
export function matches(m: Matcher, a: Alert): boolean {
  return (
    within(m.parks, a.park?.id ?? null) &&
    within(m.stations, stationOf(a)) &&
    within(m.parameters, a.parameter) &&
    within(m.rules, a.rule) &&
    within(m.severities, a.severity)
  )
}

function within(names: readonly string[] | undefined, name: string | null): boolean {
  return !names || names.length === 0 || (name !== null && names.includes(name))
}

/**
 * The narrowest matcher that covers all of some alerts. With several stations and parameters it can cover more than those, since
 * it takes every pair of them: `matches` tells.
 */
export function matcherOf(alerts: readonly Alert[]): Matcher {
  const stations = distinct(alerts.map(stationOf))
  const parks = distinct(alerts.map((a) => a.park?.id ?? null))
  const parameters = distinct(alerts.map((a) => a.parameter))
  const whole = alerts.some((a) => !stationOf(a))
  const m: Matcher = {}
  // A silence that names a station does not reach the outage of its park.
  if (!whole && stations.length > 0) m.stations = stations
  else if (parks.length > 0 && alerts.every((a) => a.park)) m.parks = parks
  if (parameters.length > 0 && alerts.every((a) => a.parameter)) m.parameters = parameters
  else m.rules = distinct(alerts.map((a) => a.rule))
  return m
}

function distinct(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((n): n is string => Boolean(n)))]
}

export function isEmpty(m: Matcher): boolean {
  return Object.values(m).every((names) => !names || names.length === 0)
}
