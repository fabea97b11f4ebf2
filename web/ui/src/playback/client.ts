import { ask, search } from '../http.ts'
import type { Window } from './shelf.ts'
import { decode, type PlaybackAnswer, type Slice } from './slice.ts'

/** How many alerts were open at each instant of a long time, by severity. */
export interface Overview {
  from: string
  to: string
  every_seconds: number
  open: Record<'info' | 'warning' | 'critical' | 'emergency', number[]>
}

export const playbackAPI = {
  /** A window of all stations, or of one with its values. */
  slice: async (w: Window, station = ''): Promise<Slice> => {
    const query = { from: iso(w.from), to: iso(w.to), every: `${w.step / 1000}s`, station }
    return decode(await ask<PlaybackAnswer>(`api/v1/playback${search(query)}`))
  },
  overview: (from: number, to: number, signal: AbortSignal) =>
    ask<Overview>(`api/v1/playback/overview${search({ from: iso(from), to: iso(to), every: '3h' })}`, { signal }),
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
