import 'maplibre-gl/dist/maplibre-gl.css'
import { GeoJSONSource, Map as MapLibre, Marker, NavigationControl, setWorkerUrl } from 'maplibre-gl'
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import type { Theme } from '../state.ts'
import type { Point } from '../wire.ts'
import { PALETTES } from './palette.ts'
import { ground } from './style.ts'

/**
 * A map on which one place is put: its position by a click or by dragging, and the corners of a park's outline in the same way. It
 * keeps nothing: what was done is told, and `show` says what there is to see. By keyboard the numbers beside it are typed.
 */

export interface Shown {
  /** Null = not known yet. */
  position: Point | null
  outline: readonly Point[]
  /** Clicks set corners instead of the position. */
  drawing: boolean
  /** The other places, faint. */
  others: readonly Point[]
}

export interface Done {
  position: (p: Point) => void
  corner: (p: Point) => void
  moved: (i: number, p: Point) => void
}

export interface Picker {
  show: (s: Shown) => void
  paint: (theme: Theme) => void
  lookAt: (p: Point) => void
  remove: () => void
}

const START: Point = [107, 11.2]
const NEAR = 12
const EMPTY = { type: 'FeatureCollection' as const, features: [] }

export function mountPicker(container: HTMLElement, theme: Theme, label: string, done: Done): Picker {
  setWorkerUrl(new URL(worker, document.baseURI).href)
  const map = new MapLibre({
    container,
    style: ground(PALETTES[theme]),
    center: START,
    zoom: 8,
    maxZoom: 17,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    locale: { 'Map.Title': label },
  })
  map.touchZoomRotate.disableRotation()
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  let shown: Shown = { position: null, outline: [], drawing: false, others: [] }
  let painted = theme
  const pin = handle('pin', (p) => done.position(p))
  let corners: Marker[] = []
  const draw = () => {
    container.dataset.drawing = String(shown.drawing)
    if (!shown.position) pin.remove()
    else {
      put(pin, shown.position)
      // To be added again would end a drag.
      if (!pin.getElement().isConnected) pin.addTo(map)
    }
    if (corners.length !== shown.outline.length) {
      for (const m of corners) m.remove()
      corners = shown.outline.map((p, i) =>
        handle('corner', (q) => done.moved(i, q))
          .setLngLat(p)
          .addTo(map),
      )
    }
    shown.outline.forEach((p, i) => {
      const corner = corners[i]
      if (corner) put(corner, p)
    })
    setData(
      map,
      'others',
      shown.others.map((p) => point(p)),
    )
    setData(map, 'outline', outlineOf(shown.outline))
  }
  map.on('style.load', () => {
    addLayers(map, painted)
    draw()
  })
  map.on('click', (e) => {
    const p: Point = [e.lngLat.lng, e.lngLat.lat]
    if (shown.drawing) done.corner(p)
    else done.position(p)
  })
  map.on('idle', () => {
    container.dataset.map = 'idle'
  })
  return {
    show: (s) => {
      shown = s
      draw()
    },
    paint: (t) => {
      if (t === painted) return
      painted = t
      map.setStyle(ground(PALETTES[t]), { diff: false })
    },
    lookAt: (p) => map.jumpTo({ center: p, zoom: Math.max(map.getZoom(), NEAR) }),
    remove: () => map.remove(),
  }
}

type Feature =
  Exclude<Parameters<GeoJSONSource['setData']>[0], string> extends infer D
    ? Extract<D, { features: unknown[] }>['features'][number]
    : never

/** Puts a handle, unless it is in somebody's hand: readings come all the time, and each draws what is shown anew. */
function put(marker: Marker, p: Point): void {
  if (!marker.getElement().dataset.held) marker.setLngLat(p)
}

/** A handle to drag. It is no stop of the keyboard, whose way are the numbers. */
function handle(kind: string, moved: (p: Point) => void): Marker {
  const element = document.createElement('div')
  element.className = `handle ${kind}`
  const marker = new Marker({ element, draggable: true })
  marker.on('dragstart', () => {
    element.dataset.held = 'true'
  })
  marker.on('dragend', () => {
    delete element.dataset.held
    const { lng, lat } = marker.getLngLat()
    moved([lng, lat])
  })
  return marker
}

function addLayers(map: MapLibre, theme: Theme): void {
  const p = PALETTES[theme]
  map.addSource('others', { type: 'geojson', data: EMPTY })
  map.addSource('outline', { type: 'geojson', data: EMPTY })
  map.addLayer({
    id: 'outline-fill',
    type: 'fill',
    source: 'outline',
    paint: { 'fill-color': p.select, 'fill-opacity': 0.14 },
  })
  map.addLayer({
    id: 'outline-line',
    type: 'line',
    source: 'outline',
    paint: { 'line-color': p.select, 'line-width': 2 },
  })
  map.addLayer({
    id: 'others',
    type: 'circle',
    source: 'others',
    paint: { 'circle-radius': 3.5, 'circle-color': p.parkText, 'circle-opacity': 0.45 },
  })
}

const point = (p: Point) => ({
  type: 'Feature' as const,
  properties: {},
  geometry: { type: 'Point' as const, coordinates: p },
})

function outlineOf(ring: readonly Point[]): Feature[] {
  const [first] = ring
  if (!first || ring.length < 2) return []
  const closed = [...ring, first]
  const geometry =
    ring.length > 2
      ? { type: 'Polygon' as const, coordinates: [closed] }
      : { type: 'LineString' as const, coordinates: [...ring] }
  return [{ type: 'Feature' as const, properties: {}, geometry }]
}

function setData(map: MapLibre, id: string, features: Feature[]): void {
  const source = map.getSource(id)
  if (source instanceof GeoJSONSource) source.setData({ type: 'FeatureCollection', features })
}
