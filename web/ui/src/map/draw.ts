import { effect, signal } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { heat, indexOf, parameter, passes, slowStations } from '../filters.ts'
import * as state from '../state.ts'
import { indexFor } from '../view.ts'
import type { Station } from '../wire.ts'
import { BadgesLayer } from './badges.ts'
import { type Cluster, clustersOf, rankOf, zoomStep } from './clusters.ts'
import { GroundsLayer } from './grounds.ts'
import { HeatLayer } from './heat.ts'
import { HotspotsLayer } from './hotspots.ts'
import { style } from './make.ts'
import { PALETTES } from './palette.ts'
import { ParksLayer } from './parks.ts'
import { Pulses } from './pulses.ts'
import { RiversLayer } from './rivers.ts'
import { StationsLayer } from './stations.ts'

export interface Drawing {
  stop: () => void
  shows: (station: string) => boolean
  cluster: (leader: string) => Cluster | undefined
}

interface Grouped {
  clusters: readonly Cluster[]
  covered: ReadonlySet<string>
}

const NONE: Grouped = { clusters: [], covered: new Set() }

/** Keeps the layers up to date. Each has its own effect, so that a reading does not redraw the parks. */
export function draw(map: MapLibre): Drawing {
  const layers = {
    grounds: new GroundsLayer(),
    rivers: new RiversLayer(),
    parks: new ParksLayer(),
    hotspots: new HotspotsLayer(),
    stations: new StationsLayer(),
    heat: new HeatLayer(),
    badges: new BadgesLayer(),
  }
  const pulses = new Pulses()
  const zoom = signal(zoomStep(map.getZoom()))
  const grouped = signal(NONE)
  const onZoom = () => {
    zoom.value = zoomStep(map.getZoom())
  }
  map.on('zoom', onZoom)
  let stops: (() => void)[] = []
  const stop = () => {
    for (const s of stops) s()
    stops = []
  }
  const start = () => {
    stop()
    const palette = PALETTES[state.theme.peek()]
    for (const layer of Object.values(layers)) layer.add(map, palette)
    stops = [
      effect(() => layers.grounds.update(map, state.parks.value)),
      effect(() => layers.rivers.update(map, { rivers: state.rivers.value, words: state.words.value })),
      effect(() => layers.parks.update(map, { parks: state.parks.value, words: state.words.value })),
      effect(() => layers.hotspots.update(map, { hotspots: state.hotspots.value, words: state.words.value })),
      effect(() => {
        grouped.value = group(zoom.value)
      }),
      effect(() => {
        drawStations(map, layers.stations, grouped.value.covered)
      }),
      effect(() => layers.badges.update(map, { clusters: grouped.value.clusters, exceeding })),
      effect(() => layers.heat.update(map, { on: heat.value })),
      // What is played back changes by itself.
      effect(() => pulses.update(map, state.model.value.stations, state.past.value === null)),
    ]
  }
  map.on('style.load', start)
  let drawn = state.theme.peek()
  let under = state.basemap.peek()
  const stopStyle = effect(() => {
    if (state.theme.value === drawn && state.basemap.value === under) return
    drawn = state.theme.value
    under = state.basemap.value
    stop()
    // A new style drops every layer; style.load brings them back in the new colours.
    map.setStyle(style(), { diff: false })
  })
  return {
    stop: () => {
      stopStyle()
      map.off('zoom', onZoom)
      stop()
    },
    shows: (id) => layers.stations.shows(id),
    cluster: (leader) => grouped.peek().clusters.find((c) => c.leader === leader),
  }
}

function drawStations(map: MapLibre, layer: StationsLayer, covered: ReadonlySet<string>): void {
  layer.update(map, {
    stations: state.stations.value,
    passes: passes.value,
    index: indexBy(parameter.value),
    covered,
    selected: state.selectedStation.value,
    pointed: state.pointed.value,
  })
}

/** One function for each parameter, so that the layer can tell that the question has changed. */
const indexes = new Map<string, (s: Station) => number | null>()

function indexBy(code: string): (s: Station) => number | null {
  const held = indexes.get(code)
  if (held) return held
  // A station that is well has no size, unless one parameter is asked for: a disc under each would hide those that matter.
  const by = (s: Station) => (code === '' && s.state === 'good' ? null : indexFor(s, code))
  indexes.set(code, by)
  return by
}

/** Groups what is shown; the station that is open is never covered. */
function group(zoom: number): Grouped {
  const selected = state.selectedStation.value
  const shown = [...slowStations.value.values()].filter(passes.value)
  const clusters = clustersOf(
    shown.map((s) => ({
      id: s.id,
      location: s.location,
      rank: s.id === selected ? Number.POSITIVE_INFINITY : rankOf(s.state, indexOf(s)),
    })),
    zoom,
  )
  return { clusters, covered: new Set(clusters.flatMap((c) => c.others)) }
}

function exceeding(c: Cluster): number {
  return c.others.filter((id) => state.stations.peek().get(id)?.state === 'exceed').length
}
