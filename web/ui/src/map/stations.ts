import { type ExpressionSpecification, GeoJSONSource, type Map as MapLibre } from 'maplibre-gl'
import { SHAPES } from '../shapes.ts'
import { STATES, type State, type Station } from '../wire.ts'
import { DrawnStations, LARGEST_SIZE, type StationsData } from './drawn.ts'
import { addIcons, iconName } from './icons.ts'
import { type Layer, removeAll } from './layer.ts'
import type { Palette } from './palette.ts'

export const HIT = 'station-hit'
export const SOURCE = 'stations'
const RING = 'station-ring'
const DISC = 'station-size'

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

/**
 * The stations. The source is static: it is set when the set of stations or a position changes; everything that changes
 * while the page is open is feature state, which costs no new tiles, and only what differs from what is drawn is set. Feature state
 * cannot choose an icon, so each state has a layer that is opaque for the stations in that state; nor can it size one, so the
 * index is the size of a disc under the sign.
 */
export class StationsLayer implements Layer<StationsData> {
  private drawn = new DrawnStations()

  add(map: MapLibre, p: Palette): void {
    this.drawn = new DrawnStations()
    addIcons(map, p.halo)
    map.addSource(SOURCE, { type: 'geojson', promoteId: 'id', data: { type: 'FeatureCollection', features: [] } })
    map.addLayer({ id: DISC, type: 'circle', source: SOURCE, paint: disc() })
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
    if (this.drawn.moved(data.stations)) this.place(map, data.stations)
    for (const [id, next] of this.drawn.changes(data)) map.setFeatureState({ source: SOURCE, id }, { ...next })
  }

  /** Whether a station can be seen, and so be pressed. */
  shows(id: string): boolean {
    return this.drawn.shows(id)
  }

  remove(map: MapLibre): void {
    removeAll(map, [HIT, ...BOTTOM_UP.map((s) => `station-${s}`), RING, DISC], SOURCE)
  }

  /** Sets the source; feature state is then lost and is set anew. */
  private place(map: MapLibre, stations: ReadonlyMap<string, Station>): void {
    const source = map.getSource(SOURCE)
    if (!(source instanceof GeoJSONSource)) return
    this.drawn.placed(stations)
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

function visibleIn(state: State): ExpressionSpecification {
  return ['all', ['==', ['feature-state', 'state'], state], ['boolean', ['feature-state', 'visible'], false]]
}

function zoomed(size: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], 7, size * 0.8, 9, size * 0.92, 12, size * 1.15]
}

/** States in which a value says nothing about the water. */
const SILENT: State[] = ['offline', 'fault', 'calibrating', 'no_discharge']

/** Radius of the disc by index, px. */
const RADII = [0, 0, 0.01, 6, 0.5, 10, 0.7, 12, 1, 16, 1.5, 21, 3, 30, LARGEST_SIZE, 40]

function disc() {
  const grown = (k: number): ExpressionSpecification => [
    'interpolate',
    ['linear'],
    ['coalesce', ['feature-state', 'size'], 0],
    ...RADII.map((n, i) => (i % 2 === 0 ? n : n * k)),
  ]
  const color: ExpressionSpecification = [
    'match',
    ['coalesce', ['feature-state', 'state'], ''],
    ...(STATES.flatMap((s) => [s, SHAPES[s].fill]) as [string, string]),
    'rgba(0,0,0,0)',
  ]
  const told: ExpressionSpecification = [
    'all',
    ['boolean', ['feature-state', 'visible'], false],
    ['!', ['in', ['coalesce', ['feature-state', 'state'], 'offline'], ['literal', SILENT]]],
    ['>', ['coalesce', ['feature-state', 'size'], 0], 0],
  ]
  const when = (n: number): ExpressionSpecification => ['case', told, n, 0]
  return {
    'circle-radius': ['interpolate', ['linear'], ['zoom'], 7, grown(0.7), 11, grown(1)] as ExpressionSpecification,
    'circle-color': color,
    'circle-opacity': when(0.22),
    'circle-stroke-color': color,
    'circle-stroke-width': 1,
    'circle-stroke-opacity': when(0.65),
  }
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
