import { effect } from '@preact/signals'
import type { Map as MapLibre, PointLike } from 'maplibre-gl'
import * as state from '../state.ts'
import { BADGE } from './badges.ts'
import type { Cluster } from './clusters.ts'
import type { Drawing } from './draw.ts'
import { HIT } from './stations.ts'

/** What the tip over the map tells of. */
export type Tip = { x: number; y: number } & ({ station: string; cluster?: Cluster } | { spot: string })

interface Pixel {
  x: number
  y: number
}

/** Pointer on the map, and the tip over what is pointed at, wherever the pointing comes from. */
export function point(map: MapLibre, drawing: Drawing, onTip: (tip: Tip | null) => void): () => void {
  let spot: Tip | null = null
  const place = () => onTip(stationTip(map, drawing) ?? spot)
  map.on('mousemove', (e) => {
    const id = stationAt(map, drawing, e.point)
    const badge = id ? null : badgeAt(map, e.point)
    spot = id || badge ? null : spotAt(map, e.point)
    map.getCanvas().style.cursor = id || badge ? 'pointer' : ''
    if (state.pointed.peek() === (id ?? badge)) place()
    state.pointed.value = id ?? badge
  })
  map.on('mouseout', () => {
    spot = null
    state.pointed.value = null
    place()
  })
  map.on('click', (e) => {
    const id = stationAt(map, drawing, e.point)
    const badge = badgeAt(map, e.point)
    if (badge && badge !== id) zoomInto(map, drawing, badge)
    else if (id) state.openStation(id)
  })
  map.on('move', place)
  return effect(() => {
    void state.pointed.value
    place()
  })
}

function stationTip(map: MapLibre, drawing: Drawing): Tip | null {
  const id = state.pointed.peek()
  const s = id ? state.stations.peek().get(id) : undefined
  if (!s) return null
  const { x, y } = map.project(s.location)
  const { clientWidth: w, clientHeight: h } = map.getContainer()
  if (x < 0 || y < 0 || x > w || y > h) return null
  const cluster = drawing.cluster(s.id)
  return cluster ? { station: s.id, cluster, x, y } : { station: s.id, x, y }
}

/** The nearest station under the pointer among those that are shown. */
function stationAt(map: MapLibre, drawing: Drawing, at: Pixel): string | null {
  if (!map.getLayer(HIT)) return null
  const around: PointLike = [at.x, at.y]
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  for (const f of map.queryRenderedFeatures(around, { layers: [HIT] })) {
    const id = f.properties.id as string
    const s = state.stations.peek().get(id)
    if (!s || !drawing.shows(id)) continue
    const p = map.project(s.location)
    const distance = Math.hypot(p.x - at.x, p.y - at.y)
    if (distance < least) {
      least = distance
      best = id
    }
  }
  return best
}

/** The leader whose number is under the pointer. */
function badgeAt(map: MapLibre, at: Pixel): string | null {
  if (!map.getLayer(BADGE)) return null
  const [f] = map.queryRenderedFeatures([at.x, at.y], { layers: [BADGE] })
  return (f?.properties.leader as string | undefined) ?? null
}

function spotAt(map: MapLibre, at: Pixel): Tip | null {
  if (!map.getLayer('hotspot-fill')) return null
  const [f] = map.queryRenderedFeatures([at.x, at.y], { layers: ['hotspot-fill', 'hotspot-label'] })
  const id = f?.properties.id as string | undefined
  return id ? { spot: id, x: at.x, y: at.y } : null
}

const PADDING = 60
const CLOSEST = 12.5

/** Shows what a sign stands for. */
function zoomInto(map: MapLibre, drawing: Drawing, leader: string): void {
  const cluster = drawing.cluster(leader)
  if (!cluster) return
  const places = [leader, ...cluster.others].flatMap((id) => {
    const s = state.stations.peek().get(id)
    return s ? [s.location] : []
  })
  const lon = places.map(([x]) => x)
  const lat = places.map(([, y]) => y)
  const animate = !matchMedia('(prefers-reduced-motion: reduce)').matches
  map.fitBounds(
    [
      [Math.min(...lon), Math.min(...lat)],
      [Math.max(...lon), Math.max(...lat)],
    ],
    { padding: PADDING, maxZoom: CLOSEST, animate },
  )
}
