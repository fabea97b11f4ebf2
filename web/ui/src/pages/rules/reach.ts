import type { Station } from '../../wire.ts'
import type { Rule } from '../../wire-rules.ts'

/** Which stations a rule watches, by what the registry says of them. Pure. */

/** Kinds that judge the station as a whole: what its parameters are does not matter. */
function judgesStation(r: Rule): boolean {
  return r.on === 'expression' || (r.on === 'silence' && !r.parameters?.length)
}

export function watches(r: Rule, s: Station): boolean {
  const within = (chosen: readonly string[] | undefined, x: string) => !chosen?.length || chosen.includes(x)
  if (!within(r.stations, s.id) || !within(r.parks, s.park) || !within(r.kinds, s.kind)) return false
  return judgesStation(r) || s.parameters.some((p) => within(r.parameters, p) && !r.except?.includes(p))
}

export function reach(r: Rule, stations: Iterable<Station>): Station[] {
  return [...stations].filter((s) => watches(r, s))
}
