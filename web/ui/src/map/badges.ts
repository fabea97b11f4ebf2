import { GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { Cluster } from './clusters.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'
import { FONT } from './style.ts'

const SOURCE = 'badges'
export const BADGE = 'badge'

export interface BadgesData {
  clusters: readonly Cluster[]
  /** How many of the others of a cluster are above their limit as well. */
  exceeding: (c: Cluster) => number
}

/** The number of stations behind a sign, at its shoulder. An exclamation mark says that others of them are above their limit too. */
export class BadgesLayer implements Layer<BadgesData> {
  private drawn = ''

  add(map: MapLibre, p: Palette): void {
    this.drawn = ''
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({
      id: BADGE,
      type: 'symbol',
      source: SOURCE,
      layout: {
        'text-field': ['get', 'label'],
        'text-font': FONT,
        'text-size': 12,
        'text-anchor': 'bottom-left',
        'text-offset': [0.45, -0.25],
        'text-padding': 0,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': p.parkText, 'text-halo-color': p.halo, 'text-halo-width': 2 },
    })
  }

  update(map: MapLibre, { clusters, exceeding }: BadgesData): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    const features = clusters.map((c) => ({
      type: 'Feature' as const,
      properties: { leader: c.leader, label: `+${c.others.length}${exceeding(c) > 0 ? '!' : ''}` },
      geometry: { type: 'Point' as const, coordinates: c.location },
    }))
    const drawn = JSON.stringify(features)
    if (drawn === this.drawn) return
    this.drawn = drawn
    source.setData({ type: 'FeatureCollection', features })
  }

  remove(map: MapLibre): void {
    removeAll(map, [BADGE], SOURCE)
  }
}
