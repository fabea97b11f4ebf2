import { all, ask, id, search } from '../../http.ts'
import { DAY } from '../../parts/zone.ts'
import type { Conflict, Ledger } from '../../wire-doors.ts'

interface Times {
  from: number
  to: number
}

const times = ({ from, to }: Times) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })

export function getLedger(span: Times, signal: AbortSignal): Promise<Ledger> {
  return ask(`api/v1/ledger${search(times(span))}`, { signal })
}

/** How old a reading may be when it comes (contract: older ones go to quarantine), and how far ahead its clock may run, ms. */
const OLDEST = 60 * DAY
const AHEAD = 300_000

/** Conflicts whose second value was received in the span. The API selects by the time of measurement, the books by receipt. */
export async function listConflicts(station: string, { from, to }: Times, signal: AbortSignal): Promise<Conflict[]> {
  const measured = times({ from: from - OLDEST, to: to + AHEAD })
  const found = await all<Conflict>(`api/v1/stations/${id(station)}/conflicts`, measured, signal)
  return found.filter(({ received_at: at }) => Date.parse(at) >= from && Date.parse(at) < to)
}
