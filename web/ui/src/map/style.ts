import latin from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-600-normal.woff2?url'
import latinExt from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-latin-ext-600-normal.woff2?url'
import vietnamese from '@fontsource/be-vietnam-pro/files/be-vietnam-pro-vietnamese-600-normal.woff2?url'
import type { StyleSpecification } from 'maplibre-gl'
import land from '../assets/land.geojson?url'
import schematic from '../assets/schematic.geojson?url'
import type { Palette } from './palette.ts'

export const FONT = ['Be Vietnam Pro']

const here = (url: string) => new URL(url, document.baseURI).href

/** The ranges are those of the font's own files: each character has exactly one file. */
const FACES = [
  {
    url: here(vietnamese),
    'unicode-range': [
      'U+0102-0103',
      'U+0110-0111',
      'U+0128-0129',
      'U+0168-0169',
      'U+01A0-01A1',
      'U+01AF-01B0',
      'U+0300-0301',
      'U+0303-0304',
      'U+0308-0309',
      'U+0323',
      'U+0329',
      'U+1EA0-1EF9',
      'U+20AB',
    ],
  },
  { url: here(latin), 'unicode-range': ['U+0000-00FF', 'U+2000-206F', 'U+2191', 'U+2193', 'U+2212'] },
  { url: here(latinExt), 'unicode-range': ['U+0100-0101', 'U+0104-010F', 'U+0112-0127', 'U+012A-0167', 'U+1E00-1E9F'] },
]

/** The ground: sea, land and the outline of the jurisdiction. No tile and no glyph server. */
export function ground(p: Palette): StyleSpecification {
  return {
    version: 8,
    'font-faces': { [FONT[0] ?? '']: FACES },
    sources: {
      land: { type: 'geojson', data: here(land) },
      schematic: { type: 'geojson', data: here(schematic) },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': p.sea } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': p.land, 'fill-antialias': false } },
      {
        id: 'province',
        type: 'fill',
        source: 'schematic',
        filter: ['==', ['get', 'kind'], 'province'],
        paint: { 'fill-color': p.province },
      },
      {
        id: 'border',
        type: 'line',
        source: 'schematic',
        filter: ['==', ['get', 'kind'], 'province'],
        layout: { 'line-join': 'round' },
        paint: { 'line-color': p.border, 'line-width': 1.2, 'line-dasharray': [5, 2, 1, 2] },
      },
    ],
  }
}
