import 'maplibre-gl/dist/maplibre-gl.css'
import type { Signal } from '@preact/signals'
import { type Map as MapLibre, setWorkerUrl } from 'maplibre-gl'
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { at } from '../filters.ts'
import * as state from '../state.ts'
import { type At, written } from '../view.ts'
import { draw } from './draw.ts'
import { follow, look } from './look.ts'
import { create } from './make.ts'
import { point, type Tip } from './point.ts'
import { drawnStations, HIT } from './stations.ts'

/** The map: it reads the signals and draws; nothing outside holds it but the handle returned here. */
export interface MapHandle {
  remove: () => void
}

export interface MapOptions {
  onTip: (tip: Tip | null) => void
  /** Nobody is there to move it: no controls, no tips, and what it shows is not kept in the address. */
  still?: boolean
  /** Where it is to look; the page's own wish without it. */
  wanted?: Signal<state.Look | 'all' | null>
}

export function mountMap(
  container: HTMLElement,
  { onTip, still = false, wanted = state.lookAt }: MapOptions,
): MapHandle {
  setWorkerUrl(new URL(worker, document.baseURI).href)
  const map = create(container, still)
  const drawing = draw(map)
  const stops = [drawing.stop, look(map, wanted)]
  if (!still) {
    stops.push(point(map, drawing, onTip), follow(map), keepPlace(map))
  }
  expose(map, container)
  return {
    remove: () => {
      for (const stop of stops) stop()
      map.remove()
    },
  }
}

/** Where the map has come to rest belongs to what a link shares. */
function keepPlace(map: MapLibre): () => void {
  const here = (): At => {
    const { lng, lat } = map.getCenter()
    return { center: [lng, lat], zoom: map.getZoom() }
  }
  let last = ''
  const keep = (e: object) => {
    const place = here()
    // A box of another size shows the same place.
    if (written(place) === last) return
    last = written(place)
    at.value = 'whole' in e ? null : place
  }
  // The first moves are the map's own, while it finds its size.
  const start = () => {
    last = written(here())
    map.on('moveend', keep)
  }
  map.once('idle', start)
  return () => {
    map.off('idle', start)
    map.off('moveend', keep)
  }
}

/** Says on the element when the map came to rest and how many stations it drew, for tests from outside. */
function expose(map: MapLibre, container: HTMLElement): void {
  map.on('idle', () => {
    if (!map.getLayer(HIT)) return
    container.dataset.drawn = String(drawnStations(map))
    container.dataset.known = String(state.stations.peek().size)
    container.dataset.zoom = map.getZoom().toFixed(2)
    container.dataset.map = 'idle'
  })
  const busy = () => {
    container.dataset.map = 'busy'
  }
  map.on('movestart', busy)
  map.on('styledataloading', busy)
}
