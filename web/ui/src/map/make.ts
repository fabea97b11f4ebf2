import {
  AttributionControl,
  type LngLatBoundsLike,
  Map as MapLibre,
  NavigationControl,
  ScaleControl,
} from 'maplibre-gl'
import { at } from '../filters.ts'
import * as state from '../state.ts'
import { withDetail } from './detail.ts'
import { PALETTES } from './palette.ts'
import { ground } from './style.ts'

/** The box that holds the whole jurisdiction. */
export const WHOLE: LngLatBoundsLike = [
  [106.38, 10.48],
  [107.66, 12.32],
]

/** How much larger than drawn the wall shows its map; see wall.css. */
const WALL_SCALE = 1.6

/** Makes the map where the address says, else over the whole jurisdiction. */
export function create(container: HTMLElement, still: boolean): MapLibre {
  const place = still ? null : at.peek()
  const map = new MapLibre({
    container,
    style: style(),
    ...(place
      ? { center: place.center, zoom: place.zoom }
      : { bounds: WHOLE, fitBoundsOptions: { padding: still ? 12 : 24 } }),
    minZoom: 6,
    maxZoom: 15,
    maxBounds: [
      [101, 7.5],
      [111, 16],
    ],
    interactive: !still,
    ...(still ? { pixelRatio: devicePixelRatio * WALL_SCALE } : {}),
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    locale: { 'Map.Title': state.words.peek().t('map.label') },
  })
  if (still) return map
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  map.addControl(new ScaleControl({ maxWidth: 110 }), 'bottom-right')
  const attribution = state.basemap.peek()?.attribution
  if (attribution) map.addControl(new AttributionControl({ compact: false, customAttribution: plain(attribution) }))
  return map
}

export function style() {
  const palette = PALETTES[state.theme.peek()]
  return withDetail(ground(palette), state.basemap.peek(), palette)
}

/** MapLibre takes an attribution for HTML. */
function plain(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}
