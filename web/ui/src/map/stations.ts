import { type ExpressionSpecification, GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import type { State, Station } from '../wire.ts'
import { addIcons, iconName } from './icons.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'

export const HIT = 'station-hit'
const SOURCE = 'stations'
const RING = 'station-ring'

/** Drawn in this order, so that what needs attention lies on top. */
const BOTTOM_UP: State[] = [
  'offline',
  'no_discharge',
  'good',
  'calibrating',
  'tendency',
  'fault',
  'preparing',
  'exceed',
]
const SIZE: Record<State, number> = {
  exceed: 1.2,
  preparing: 1.1,
  fault: 1,
  tendency: 1,
  calibrating: 0.95,
  good: 0.95,
  no_discharge: 1,
  offline: 0.95,
}

export interface StationsData {
  stations: ReadonlyMap<string, Station>
  shown: ReadonlySet<State>
  selected: string | null
  pointed: string | null
}

interface Drawn {
  state: State
  visible: boolean
  selected: boolean
  pointed: boolean
}

/**
 * The stations. The source is static: it is set when the set of stations or a position changes; everything that changes
 * while the page is open is feature state, which costs no new tiles. Feature state cannot choose an icon, so each state has
 * a layer that is opaque for the stations in that state.
 */
export class StationsLayer implements Layer<StationsData> {
  private places = ''
  private drawn = new Map<string, Drawn>()

  add(map: MapLibre, p: Palette): void {
    this.places = ''
    this.drawn.clear()
    addIcons(map, p.halo)
    map.addSource(SOURCE, { type: 'geojson', promoteId: 'id', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({ id: RING, type: 'circle', source: SOURCE, paint: ring(p) })
    for (const state of BOTTOM_UP) {
      map.addLayer({
        id: `station-${state}`,
        type: 'symbol',
        source: SOURCE,
        layout: {
          'icon-image': iconName(state),
          'icon-size': zoomed(SIZE[state]),
          'icon-allow-overlap': true,
          // Names of parks give way to signs. One layer says so for all, since each holds every station.
          'icon-ignore-placement': state !== 'exceed',
        },
        paint: { 'icon-opacity': ['case', visibleIn(state), 1, 0] },
      })
    }
    map.addLayer({
      id: HIT,
      type: 'circle',
      source: SOURCE,
      paint: { 'circle-radius': 13, 'circle-opacity': 0, 'circle-color': p.select },
    })
  }

  update(map: MapLibre, data: StationsData): void {
    this.place(map, data.stations)
    for (const s of data.stations.values()) {
      const next: Drawn = {
        state: s.state,
        visible: data.shown.has(s.state),
        selected: s.id === data.selected,
        pointed: s.id === data.pointed,
      }
      if (same(this.drawn.get(s.id), next)) continue
      this.drawn.set(s.id, next)
      map.setFeatureState({ source: SOURCE, id: s.id }, { ...next })
    }
  }

  remove(map: MapLibre): void {
    removeAll(map, [HIT, ...BOTTOM_UP.map((s) => `station-${s}`), RING], SOURCE)
  }

  /** Sets the source when a place changed; feature state is then lost and is set anew. */
  private place(map: MapLibre, stations: ReadonlyMap<string, Station>): void {
    const places = [...stations.values()].map((s) => `${s.id} ${s.location}`).join()
    if (places === this.places) return
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    this.places = places
    this.drawn.clear()
    source.setData({
      type: 'FeatureCollection',
      features: [...stations.values()].map((s) => ({
        type: 'Feature',
        properties: { id: s.id },
        geometry: { type: 'Point', coordinates: s.location },
      })),
    })
  }
}

/** The ids of the stations that are on the screen; for the browser test and for nothing else. */
export function drawnStations(map: MapLibre): number {
  const seen = map.queryRenderedFeatures({ layers: [HIT] }).map((f) => f.properties.id as string)
  return new Set(seen).size
}

function same(a: Drawn | undefined, b: Drawn): boolean {
  return a?.state === b.state && a.visible === b.visible && a.selected === b.selected && a.pointed === b.pointed
}

function visibleIn(state: State): ExpressionSpecification {
  return ['all', ['==', ['feature-state', 'state'], state], ['boolean', ['feature-state', 'visible'], false]]
}

function zoomed(size: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], 7, size * 0.8, 9, size * 0.92, 12, size * 1.15]
}

function ring(p: Palette) {
  const selected: ExpressionSpecification = ['boolean', ['feature-state', 'selected'], false]
  const pointed: ExpressionSpecification = ['boolean', ['feature-state', 'pointed'], false]
  const opacity: ExpressionSpecification = ['case', selected, 1, pointed, 0.7, 0]
  return {
    'circle-radius': 16,
    'circle-color': p.select,
    'circle-opacity': ['case', selected, 0.18, pointed, 0.1, 0] as ExpressionSpecification,
    'circle-stroke-color': p.select,
    'circle-stroke-width': 2.5,
    'circle-stroke-opacity': opacity,
  }
}
