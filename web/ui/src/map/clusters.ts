import { type Point, STATES, type State } from '../wire.ts'

/**
 * Stations that would cover each other are drawn as one: as the worst of them, in its own place and with its own sign, and with the
 * number of the others. So a cluster never hides what is wrong, as a mean or a count alone would. Pure.
 */

export interface Spot {
  id: string
  location: Point
  /** The greater, the worse. */
  rank: number
}

export interface Cluster {
  leader: string
  location: Point
  /** The others, worst first. */
  others: string[]
}

/** From here on there is room for every sign. */
export const CLUSTERS_BELOW = 11
/** Signs nearer to each other than this are one, px. */
const RADIUS = 17

/** The zooms between which clusters stay as they are: half a zoom is where distances have grown by a half. */
export function zoomStep(zoom: number): number {
  return Math.min(CLUSTERS_BELOW, Math.floor(zoom * 2) / 2)
}

/**
 * How bad a station is: by its state, then by its index in steps of a quarter, so that not every reading makes another
 * order.
 */
export function rankOf(state: State, index: number | null): number {
  const steps = Math.min(99, Math.floor(Math.max(0, index ?? 0) * 4))
  return (STATES.length - STATES.indexOf(state)) * 100 + steps
}

/** Groups at a zoom; a station without neighbours is in none. The same input in another order makes the same groups. */
export function clustersOf(spots: readonly Spot[], zoom: number): Cluster[] {
  if (zoom >= CLUSTERS_BELOW) return []
  const order = [...spots].sort((a, b) => b.rank - a.rank || (a.id < b.id ? -1 : 1))
  const places = order.map((s) => project(s.location, zoom))
  const cells = new Map<number, number[]>()
  places.forEach(([x, y], i) => {
    const key = cell(x, y, 0, 0)
    const held = cells.get(key)
    if (held) held.push(i)
    else cells.set(key, [i])
  })
  const taken = new Uint8Array(order.length)
  const out: Cluster[] = []
  order.forEach((spot, i) => {
    if (taken[i]) return
    taken[i] = 1
    const others = near(places, cells, i).filter((j) => !taken[j])
    for (const j of others) taken[j] = 1
    const ids = others.sort((a, b) => a - b).flatMap((j) => order[j]?.id ?? [])
    if (ids.length > 0) out.push({ leader: spot.id, location: spot.location, others: ids })
  })
  return out
}

function near(places: readonly Point[], cells: ReadonlyMap<number, number[]>, i: number): number[] {
  const [x, y] = places[i] ?? [0, 0]
  const found: number[] = []
  for (const dx of [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      for (const j of cells.get(cell(x, y, dx, dy)) ?? []) {
        const [px, py] = places[j] ?? [0, 0]
        if (j !== i && Math.hypot(px - x, py - y) < RADIUS) found.push(j)
      }
    }
  }
  return found
}

/** More columns than the world has at any zoom that clusters. */
const COLUMNS = 2 ** 20

function cell(x: number, y: number, dx: number, dy: number): number {
  return (Math.floor(y / RADIUS) + dy) * COLUMNS + Math.floor(x / RADIUS) + dx
}

/** Pixels of the whole world at a zoom, as MapLibre counts them. */
function project([lon, lat]: Point, zoom: number): Point {
  const side = 512 * 2 ** zoom
  const angle = Math.PI / 4 + (lat * Math.PI) / 360
  return [((lon + 180) / 360) * side, (0.5 - Math.log(Math.tan(angle)) / (2 * Math.PI)) * side]
}
