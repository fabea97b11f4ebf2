import { GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { Words } from '../i18n/format.ts'
import type { Rivers } from '../wire.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'
import { FONT } from './style.ts'

const SOURCE = 'rivers'
const LAYERS = ['river-name', 'river-flow', 'river']

export interface RiversData {
  rivers: Rivers | null
  words: Words
}

/** The rivers of the registry, with arrows along their flow: what lies upstream of what can be seen. */
export class RiversLayer implements Layer<RiversData> {
  add(map: MapLibre, p: Palette): void {
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({
      id: 'river',
      type: 'line',
      source: SOURCE,
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': p.river, 'line-width': ['interpolate', ['linear'], ['zoom'], 7, 1.2, 12, 5] },
    })
    map.addLayer({
      id: 'river-flow',
      type: 'symbol',
      source: SOURCE,
      minzoom: 9,
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 120,
        'text-field': '›',
        'text-font': FONT,
        'text-size': 17,
        'text-keep-upright': false,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': p.riverText },
    })
    map.addLayer({
      id: 'river-name',
      type: 'symbol',
      source: SOURCE,
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 260,
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': 11,
        'text-letter-spacing': 0.06,
        'text-max-angle': 55,
      },
      paint: { 'text-color': p.riverText, 'text-halo-color': p.halo, 'text-halo-width': 1.4 },
    })
  }

  update(map: MapLibre, { rivers, words }: RiversData): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    source.setData({
      type: 'FeatureCollection',
      features: (rivers?.features ?? []).map((f) => ({
        type: 'Feature',
        geometry: f.geometry,
        properties: { name: words.text(f.properties.name) },
      })),
    })
  }

  remove(map: MapLibre): void {
    removeAll(map, LAYERS, SOURCE)
  }
}
