import { isQuiet } from './alert.ts'
import { type Alert, SEVERITIES } from './wire.ts'

/** Which changes of the open alerts are news worth a sound. Pure. */

const grade = (a: Alert) => SEVERITIES.indexOf(a.severity)
const WORTH = SEVERITIES.indexOf('warning')

/**
 * The alerts that are new or worse than they were, worst first. What nobody is told of elsewhere (silenced, explained by another,
 * mere information) makes no sound here either.
 */
export function newsOf(before: ReadonlyMap<string, Alert>, after: ReadonlyMap<string, Alert>): Alert[] {
  const news: Alert[] = []
  for (const a of after.values()) {
    const was = before.get(a.id)
    if (was === a || isQuiet(a) || a.late || grade(a) > WORTH) continue
    if (!was || grade(a) < grade(was)) news.push(a)
  }
  return news.sort((a, b) => grade(a) - grade(b))
}

/** For how long a new alert stands out, ms. */
const FRESH = 60_000

export function fresh(a: Alert, now: number): boolean {
  return now - Date.parse(a.opened_at) < FRESH
}

/** Alerts in their order, with the new ones that nobody has taken up yet on top. */
export function risen(ranked: readonly Alert[], now: number): Alert[] {
  const up = (a: Alert) => fresh(a, now) && !a.acknowledged_at && !isQuiet(a)
  return [...ranked.filter(up), ...ranked.filter((a) => !up(a))]
}
