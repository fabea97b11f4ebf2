import 'maplibre-gl/dist/maplibre-gl.css'
import { effect } from '@preact/signals'
import { Map as MapLibre, NavigationControl, type PointLike, setWorkerUrl } from 'maplibre-gl'
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import * as state from '../state.ts'
import { HotspotsLayer } from './hotspots.ts'
import { PALETTES } from './palette.ts'
import { ParksLayer } from './parks.ts'
import { drawnStations, HIT, StationsLayer } from './stations.ts'
import { ground } from './style.ts'

/** The box that holds the whole jurisdiction. */
const WHOLE: [[number, number], [number, number]] = [
  [106.38, 10.48],
  [107.66, 12.32],
]

export interface Tip {
  station: string
  x: number
  y: number
}

/** The map: it reads the signals and draws; nothing outside holds it but the handle returned here. */
export interface MapHandle {
  remove: () => void
}

export function mountMap(container: HTMLElement, onTip: (tip: Tip | null) => void): MapHandle {
  setWorkerUrl(new URL(worker, document.baseURI).href)
  const map = new MapLibre({
    container,
    style: ground(PALETTES[state.theme.peek()]),
    bounds: WHOLE,
    fitBoundsOptions: { padding: 24 },
    minZoom: 6,
    maxZoom: 15,
    maxBounds: [
      [101, 7.5],
      [111, 16],
    ],
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    locale: { 'Map.Title': state.words.peek().t('map.label') },
  })
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  const stopDrawing = draw(map)
  const stopLooking = look(map)
  const stopPointing = point(map, onTip)
  expose(map, container)
  return {
    remove: () => {
      stopDrawing()
      stopLooking()
      stopPointing()
      map.remove()
    },
  }
}

/** Keeps the layers up to date. Each has its own effect, so that a reading does not redraw the parks. */
function draw(map: MapLibre): () => void {
  const hotspots = new HotspotsLayer()
  const parks = new ParksLayer()
  const stations = new StationsLayer()
  let stops: (() => void)[] = []
  const stop = () => {
    for (const s of stops) s()
    stops = []
  }
  const start = () => {
    stop()
    const palette = PALETTES[state.theme.peek()]
    for (const layer of [parks, hotspots, stations]) layer.add(map, palette)
    stops = [
      effect(() => hotspots.update(map, { hotspots: state.hotspots.value, words: state.words.value })),
      effect(() => parks.update(map, { parks: state.parks.value, words: state.words.value })),
      effect(() =>
        stations.update(map, {
          stations: state.stations.value,
          shown: state.shown.value,
          selected: state.selectedStation.value,
          pointed: state.pointed.value,
        }),
      ),
    ]
  }
  map.on('style.load', start)
  let theme = state.theme.peek()
  const stopTheme = effect(() => {
    if (state.theme.value === theme) return
    theme = state.theme.value
    stop()
    // A new style drops every layer; style.load brings them back in the new colours.
    map.setStyle(ground(PALETTES[theme]), { diff: false })
  })
  return () => {
    stopTheme()
    stop()
  }
}

function look(map: MapLibre): () => void {
  return effect(() => {
    const at = state.lookAt.value
    if (!at) return
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (at === 'all') {
      map.fitBounds(WHOLE, { padding: 24, animate: !still })
      state.lookAt.value = null
      return
    }
    // The panel that opens with it makes the map narrower: the middle is known once that is laid out.
    const frame = requestAnimationFrame(() => {
      map.resize()
      const to = { center: at.center, zoom: Math.max(map.getZoom(), at.zoom) }
      if (still) map.jumpTo(to)
      else map.easeTo({ ...to, duration: 500 })
    })
    return () => cancelAnimationFrame(frame)
  })
}

/** Pointer on the map, and the tip over the pointed station, wherever the pointing comes from. */
function point(map: MapLibre, onTip: (tip: Tip | null) => void): () => void {
  map.on('mousemove', (e) => {
    const id = stationAt(map, e.point)
    map.getCanvas().style.cursor = id ? 'pointer' : ''
    state.pointed.value = id
  })
  map.on('mouseout', () => {
    state.pointed.value = null
  })
  map.on('click', (e) => {
    const id = stationAt(map, e.point)
    if (id) state.openStation(id)
  })
  const place = () => {
    const id = state.pointed.peek()
    const s = id ? state.stations.peek().get(id) : undefined
    if (!s) return onTip(null)
    const { x, y } = map.project(s.location)
    const { clientWidth: w, clientHeight: h } = map.getContainer()
    onTip(x < 0 || y < 0 || x > w || y > h ? null : { station: s.id, x, y })
  }
  map.on('move', place)
  return effect(() => {
    void state.pointed.value
    place()
  })
}

/** The nearest station under the pointer among those that the legend shows. */
function stationAt(map: MapLibre, at: { x: number; y: number }): string | null {
  if (!map.getLayer(HIT)) return null
  const around: PointLike = [at.x, at.y]
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  for (const f of map.queryRenderedFeatures(around, { layers: [HIT] })) {
    const id = f.properties.id as string
    const s = state.stations.peek().get(id)
    if (!s || !state.shown.peek().has(s.state)) continue
    const p = map.project(s.location)
    const distance = Math.hypot(p.x - at.x, p.y - at.y)
    if (distance < least) {
      least = distance
      best = id
    }
  }
  return best
}

/** Says on the element when the map came to rest and how many stations it drew, for tests from outside. */
function expose(map: MapLibre, container: HTMLElement): void {
  map.on('idle', () => {
    if (!map.getLayer(HIT)) return
    container.dataset.drawn = String(drawnStations(map))
    container.dataset.map = 'idle'
  })
  const busy = () => {
    container.dataset.map = 'busy'
  }
  map.on('movestart', busy)
  map.on('styledataloading', busy)
}
