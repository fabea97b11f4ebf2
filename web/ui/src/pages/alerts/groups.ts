import { type Alert, SEVERITIES, type Severity, type Where } from '../../wire.ts'

/** How the list is put together: one trouble of a park under one rule, and what it explains beneath it. Pure. */

export interface Row {
  alert: Alert
  /** What this alert explains: with an outage, the silences of its stations. */
  children: readonly Alert[]
}

export interface Group {
  key: string
  park: Where | null
  /** The rule's id and an alert that knows its name. */
  sample: Alert
  worst: Severity
  rows: readonly Row[]
  /** With those beneath. */
  size: number
}

/** Each alert once, under the one that explains it where that is in the list as well. The order is that of the list. */
export function rowsOf(alerts: readonly Alert[]): Row[] {
  const known = new Map(alerts.map((a) => [a.id, a]))
  const children = new Map<string, Alert[]>()
  const roots: Alert[] = []
  for (const a of alerts) {
    const root = rootOf(a, known)
    if (root === a) roots.push(a)
    else children.set(root.id, [...(children.get(root.id) ?? []), a])
  }
  return roots.map((alert) => ({ alert, children: children.get(alert.id) ?? [] }))
}

/** Follows the explanations up; a circle explains nothing. */
function rootOf(a: Alert, known: ReadonlyMap<string, Alert>): Alert {
  const seen = new Set([a.id])
  let top = a
  for (;;) {
    const next = top.inhibited_by ? known.get(top.inhibited_by) : undefined
    if (!next) return top
    if (seen.has(next.id)) return a
    seen.add(next.id)
    top = next
  }
}

export function groupsOf(alerts: readonly Alert[]): Group[] {
  const groups = new Map<string, Row[]>()
  for (const row of rowsOf(alerts)) {
    const { alert: a } = row
    const key = `${a.park?.id ?? a.scope_id ?? ''} ${a.rule}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const order = (g: Group) => SEVERITIES.indexOf(g.worst)
  return [...groups].flatMap(([key, rows]) => groupOf(key, rows)).sort((a, b) => order(a) - order(b))
}

function groupOf(key: string, rows: readonly Row[]): Group[] {
  const first = rows[0]?.alert
  if (!first) return []
  const worst = SEVERITIES.find((s) => rows.some((r) => r.alert.severity === s)) ?? first.severity
  const size = rows.reduce((n, r) => n + 1 + r.children.length, 0)
  return [{ key, park: first.park, sample: first, worst, rows, size }]
}
