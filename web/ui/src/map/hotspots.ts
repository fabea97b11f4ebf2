import { GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { Words } from '../i18n/format.ts'
import type { Hotspots } from '../wire.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'
import { FONT } from './style.ts'

const SOURCE = 'hotspots'
const LAYERS = ['hotspot-label', 'hotspot-line', 'hotspot-fill']

export interface HotspotsData {
  hotspots: Hotspots
  words: Words
}

/** Clusters of stations above their limit, each with its rank and score. They lie under the stations. */
export class HotspotsLayer implements Layer<HotspotsData> {
  add(map: MapLibre, p: Palette): void {
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({
      id: 'hotspot-fill',
      type: 'fill',
      source: SOURCE,
      paint: { 'fill-color': p.hotspot, 'fill-opacity': 0.14 },
    })
    map.addLayer({
      id: 'hotspot-line',
      type: 'line',
      source: SOURCE,
      paint: { 'line-color': p.hotspot, 'line-width': 1.6, 'line-dasharray': [3, 2] },
    })
    map.addLayer({
      id: 'hotspot-label',
      type: 'symbol',
      source: SOURCE,
      layout: {
        'text-field': ['get', 'label'],
        'text-font': FONT,
        'text-size': 12,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
        'text-radial-offset': 2.4,
      },
      paint: { 'text-color': p.hotspotText, 'text-halo-color': p.halo, 'text-halo-width': 2 },
    })
  }

  update(map: MapLibre, { hotspots, words }: HotspotsData): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    source.setData({
      type: 'FeatureCollection',
      features: hotspots.features.map((f) => ({
        type: 'Feature',
        geometry: f.geometry,
        properties: { id: f.properties.id, label: `#${f.properties.rank} · ${words.measured(f.properties.score, 2)}` },
      })),
    })
  }

  remove(map: MapLibre): void {
    removeAll(map, LAYERS, SOURCE)
  }
}
