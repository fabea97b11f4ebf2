import { GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { Words } from '../i18n/format.ts'
import type { Park } from '../wire.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'
import { FONT } from './style.ts'

const SOURCE = 'parks'
const LAYERS = ['park-name']

export interface ParksData {
  parks: ReadonlyMap<string, Park>
  words: Words
}

/** The names of the parks. A name gives way where there is no room; larger parks come first. */
export class ParksLayer implements Layer<ParksData> {
  add(map: MapLibre, p: Palette): void {
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({
      id: 'park-name',
      type: 'symbol',
      source: SOURCE,
      minzoom: 7.6,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': FONT,
        'text-size': ['interpolate', ['linear'], ['zoom'], 8, 10.5, 12, 13],
        'text-variable-anchor': ['left', 'right', 'bottom', 'top'],
        'text-radial-offset': 1.2,
        'text-justify': 'auto',
        'text-max-width': 9,
        'text-padding': 6,
        'symbol-sort-key': ['-', 0, ['get', 'area']],
      },
      paint: { 'text-color': p.parkText, 'text-halo-color': p.halo, 'text-halo-width': 1.6 },
    })
  }

  update(map: MapLibre, data: ParksData): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    source.setData({
      type: 'FeatureCollection',
      features: [...data.parks.values()].map((p) => ({
        type: 'Feature',
        properties: { name: label(data.words.text(p.name)), area: p.area_ha ?? 0 },
        geometry: { type: 'Point', coordinates: p.location },
      })),
    })
  }

  remove(map: MapLibre): void {
    removeAll(map, LAYERS, SOURCE)
  }
}

/** What every name has in common, and remarks in brackets, say nothing on a map of parks. */
function label(name: string): string {
  return name
    .replace(/^KCN (?!&)/, '')
    .replace(/ Industrial Park$/, '')
    .replace(/ \(.*\)$/, '')
}
