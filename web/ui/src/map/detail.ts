import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { Basemap, DetailKind } from '../wire.ts'
import type { Palette } from './palette.ts'
import { FONT } from './style.ts'

/** Adds to the ground what the server was configured with: tiles, and files of detail. Pure. */
export function withDetail(style: StyleSpecification, basemap: Basemap | null, p: Palette): StyleSpecification {
  if (!basemap) return style
  const sources: Record<string, SourceSpecification> = { ...style.sources }
  const under: LayerSpecification[] = []
  const over: LayerSpecification[] = []
  const { tiles } = basemap
  if (tiles) {
    sources.tiles = {
      type: 'raster',
      tiles: [absolute(tiles.url)],
      tileSize: 256,
      minzoom: tiles.min_zoom,
      maxzoom: tiles.max_zoom,
    }
    // Held back, so that the states stay the only strong colours.
    under.push({
      id: 'tiles',
      type: 'raster',
      source: 'tiles',
      paint: { 'raster-saturation': -0.6, ...p.tiles },
    })
  }
  for (const { kind, url } of basemap.detail) {
    sources[`detail-${kind}`] = { type: 'geojson', data: absolute(url) }
    over.push(...LAYERS[kind](p, `detail-${kind}`))
  }
  // Tiles take the place of the drawn land; detail lies on either.
  const ground = tiles ? style.layers.filter((l) => l.id === 'sea' || l.id === 'border') : style.layers
  const [sea, ...rest] = ground
  return { ...style, sources, layers: sea ? [sea, ...under, ...rest, ...over] : [...under, ...over] }
}

/** Braces must stay as they are: they are filled in by MapLibre. */
function absolute(url: string): string {
  return new URL(url, document.baseURI).href.replaceAll('%7B', '{').replaceAll('%7D', '}')
}

type Make = (p: Palette, source: string) => LayerSpecification[]

const line = (id: string, source: string, color: string, width: number): LayerSpecification => ({
  id,
  type: 'line',
  source,
  layout: { 'line-join': 'round' },
  paint: { 'line-color': color, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, width / 2, 14, width * 2] },
})

const LAYERS: Record<DetailKind, Make> = {
  areas: (p, source) => [{ id: source, type: 'fill', source, paint: { 'fill-color': p.ground, 'fill-opacity': 0.4 } }],
  waters: (p, source) => [
    {
      id: source,
      type: 'fill',
      source,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': p.sea },
    },
    line(`${source}-line`, source, p.river, 1),
  ],
  boundaries: (p, source) => [line(source, source, p.border, 0.8)],
  roads: (p, source) => [line(source, source, p.road, 1.4)],
  places: (p, source) => [
    {
      id: source,
      type: 'symbol',
      source,
      minzoom: 8,
      layout: {
        'text-field': ['coalesce', ['get', 'name_vi'], ['get', 'name'], ['get', 'name_en'], ''],
        'text-font': FONT,
        'text-size': 11,
        'text-padding': 8,
      },
      paint: { 'text-color': p.placeText, 'text-halo-color': p.halo, 'text-halo-width': 1.2 },
    },
  ],
}
