import { ask, id, type Query, request, search } from '../../http.ts'
import type { DataGaps, QualityReport, Strip } from '../../wire-quality.ts'

interface Times {
  from: number
  to: number
}

const times = ({ from, to }: Times): Query => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })

export function getQuality(span: Times, signal: AbortSignal): Promise<QualityReport> {
  return ask(`api/v1/quality${search(times(span))}`, { signal })
}

const MOST_GAPS = '200'

export function getGaps(span: Times, station: string, park: string, signal: AbortSignal): Promise<DataGaps> {
  return ask(`api/v1/quality/gaps${search({ ...times(span), station, park, limit: MOST_GAPS })}`, { signal })
}

export function getStrip(span: Times, station: string, daily: boolean, signal: AbortSignal): Promise<Strip> {
  const query = { ...times(span), every: daily ? '24h' : '1h' }
  return ask(`api/v1/stations/${id(station)}/quality${search(query)}`, { signal })
}

/** All figures with their parts as the server writes them, for a spreadsheet. */
export async function getTable(span: Times): Promise<string> {
  const response = await request(`api/v1/quality${search({ ...times(span), format: 'csv' })}`, { accept: 'text/csv' })
  return response.text()
}
