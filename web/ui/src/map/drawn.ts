import type { Point, State, Station } from '../wire.ts'

/** What the map has drawn of the stations, and what of it is no longer so. Pure: it touches no map. */

export interface StationsData {
  stations: ReadonlyMap<string, Station>
  /** Another function whenever it may answer otherwise for the same station. */
  passes: (s: Station) => boolean
  /** The index that sizes a station; null for none. */
  index: (s: Station) => number | null
  /** Stations that a worse one stands for. */
  covered: ReadonlySet<string>
  selected: string | null
  pointed: string | null
}

export interface Drawn {
  state: State
  /** Its index in steps, so that not every reading is a change; 0 without one. */
  size: number
  passes: boolean
  visible: boolean
  selected: boolean
  pointed: boolean
}

export class DrawnStations {
  private places = new Map<string, Point>()
  private drawn = new Map<string, Drawn>()
  /** What the last changes were made of. */
  private last: StationsData | null = null

  /** Whether there is another set of stations than is placed, or one of them is elsewhere. */
  moved(stations: StationsData['stations']): boolean {
    const before = this.last?.stations
    if (before === stations) return false
    if (this.places.size !== stations.size) return true
    for (const s of stations.values()) {
      if (before?.get(s.id) !== s && !at(this.places.get(s.id), s.location)) return true
    }
    return false
  }

  /** The stations were placed anew: nothing is drawn of them yet. */
  placed(stations: StationsData['stations']): void {
    this.places = new Map([...stations].map(([id, s]) => [id, s.location]))
    this.drawn.clear()
  }

  /** The stations that have to be drawn otherwise than they are, and only these; they count as drawn then. */
  changes(data: StationsData): [string, Drawn][] {
    const last = this.last
    this.last = data
    const sameRules = last?.passes === data.passes && last.index === data.index && last.covered === data.covered
    const touched = new Set([data.selected, data.pointed, last?.selected, last?.pointed])
    const out: [string, Drawn][] = []
    for (const s of data.stations.values()) {
      // The same object is the same station: most are, in most updates.
      if (sameRules && last?.stations.get(s.id) === s && this.drawn.has(s.id) && !touched.has(s.id)) continue
      const next = drawnAs(s, data)
      if (same(this.drawn.get(s.id), next)) continue
      this.drawn.set(s.id, next)
      out.push([s.id, next])
    }
    return out
  }

  /** Whether a station can be seen, and so be pressed. */
  shows(id: string): boolean {
    return this.drawn.get(id)?.visible ?? false
  }
}

function at(held: Point | undefined, now: Point): boolean {
  return held === now || (held !== undefined && held[0] === now[0] && held[1] === now[1])
}

const SIZE_STEP = 0.05
/** Discs grow no further. */
export const LARGEST_SIZE = 6

function drawnAs(s: Station, data: StationsData): Drawn {
  const passes = data.passes(s)
  const index = data.index(s) ?? 0
  return {
    state: s.state,
    size: Math.min(LARGEST_SIZE, Math.round(index / SIZE_STEP) * SIZE_STEP),
    passes,
    visible: passes && !data.covered.has(s.id),
    selected: s.id === data.selected,
    pointed: s.id === data.pointed,
  }
}

function same(a: Drawn | undefined, b: Drawn): boolean {
  return (
    a?.state === b.state &&
    a.size === b.size &&
    a.passes === b.passes &&
    a.visible === b.visible &&
    a.selected === b.selected &&
    a.pointed === b.pointed
  )
}
