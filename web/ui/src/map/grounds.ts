import { GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { Area, Park, Point } from '../wire.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'

const SOURCE = 'grounds'
const LAYERS = ['ground-line', 'ground-guess', 'ground-fill']

/** The ground of each park: its outline where that is known, else a circle of its size, dashed since it is a guess. */
export class GroundsLayer implements Layer<ReadonlyMap<string, Park>> {
  add(map: MapLibre, p: Palette): void {
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({
      id: 'ground-fill',
      type: 'fill',
      source: SOURCE,
      minzoom: 9.5,
      paint: { 'fill-color': p.ground, 'fill-opacity': 0.5 },
    })
    const line = { 'line-color': p.groundLine, 'line-width': 1.1 }
    map.addLayer({
      id: 'ground-guess',
      type: 'line',
      source: SOURCE,
      minzoom: 9.5,
      filter: ['get', 'guess'],
      paint: { ...line, 'line-dasharray': [3, 3] },
    })
    map.addLayer({
      id: 'ground-line',
      type: 'line',
      source: SOURCE,
      minzoom: 9.5,
      filter: ['!', ['get', 'guess']],
      paint: line,
    })
  }

  update(map: MapLibre, parks: ReadonlyMap<string, Park>): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    source.setData({
      type: 'FeatureCollection',
      features: [...parks.values()].flatMap((park) => {
        const geometry = groundOf(park)
        return geometry ? [{ type: 'Feature' as const, properties: { guess: !park.area }, geometry }] : []
      }),
    })
  }

  remove(map: MapLibre): void {
    removeAll(map, LAYERS, SOURCE)
  }
}

const SQUARE_METRES_PER_HA = 10_000
const METRES_PER_DEGREE = 111_320
const CORNERS = 48

function groundOf(park: Park): Area | null {
  if (park.area) return park.area
  const radius = park.radius_m || Math.sqrt(((park.area_ha ?? 0) * SQUARE_METRES_PER_HA) / Math.PI)
  return radius > 0 ? { type: 'Polygon', coordinates: [circle(park.location, radius)] } : null
}

/** A circle of a radius in metres; near enough at the size of a park. */
export function circle([lon, lat]: Point, radius: number): Point[] {
  const high = radius / METRES_PER_DEGREE
  const wide = high / Math.cos((lat * Math.PI) / 180)
  return Array.from({ length: CORNERS + 1 }, (_, i) => {
    const angle = ((i % CORNERS) / CORNERS) * 2 * Math.PI
    return [lon + wide * Math.cos(angle), lat + high * Math.sin(angle)]
  })
}
