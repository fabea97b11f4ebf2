import type { Quarantined, Unknown } from '../../wire-doors.ts'

/** Whether a quarantine entry was rejected for this name. The server quotes names in its details. Pure. */
export function waitsFor(entry: Quarantined, u: Pick<Unknown, 'kind' | 'name'>): boolean {
  const reason = `unknown_${u.kind}`
  // Names match without regard to case.
  const quoted = JSON.stringify(u.name).toLowerCase()
  return (entry.rejected ?? []).some((r) => r.reason === reason && (r.detail ?? '').toLowerCase().includes(quoted))
}
