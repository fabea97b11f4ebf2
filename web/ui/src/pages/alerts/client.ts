import { all, ask, id, type Query, search } from '../../http.ts'
import type { Alert, AlertDetail, List, RawRow, WindowRow } from '../../wire.ts'

export const PAGE = 100

export function listAlerts(query: Query, limit: number, cursor: string, signal: AbortSignal): Promise<List<Alert>> {
  return ask(`api/v1/alerts${search({ ...query, limit: String(limit), cursor })}`, { signal })
}

export function getAlert(alert: string, signal: AbortSignal): Promise<AlertDetail> {
  return ask(`api/v1/alerts/${id(alert)}`, { signal })
}

export type Act = 'acknowledge' | 'comments' | 'assign' | 'close'

export interface ActBody {
  comment?: string
  assignee?: string
  cause?: string
}

export function postAct(alert: string, act: Act, body: ActBody): Promise<Alert> {
  return ask(`api/v1/alerts/${id(alert)}/${act}`, { method: 'POST', body: JSON.stringify(body) })
}

export interface Series {
  station: string
  parameter: string
  from: number
  to: number
}

const spanOf = ({ parameter, from, to }: Series): Query => ({
  parameter,
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
})

/** Raw rows with their flags; null when there are more than `most`. */
export async function rawRows(of: Series, most: number, signal: AbortSignal): Promise<RawRow[] | null> {
  const path = `api/v1/stations/${id(of.station)}/readings`
  const page: List<RawRow> = await ask(`${path}${search({ ...spanOf(of), limit: String(most) })}`, { signal })
  return page.next_cursor ? null : page.items
}

export function means(of: Series, every: string, signal: AbortSignal): Promise<WindowRow[]> {
  return all(`api/v1/stations/${id(of.station)}/readings`, { ...spanOf(of), every, fn: 'mean' }, signal)
}
