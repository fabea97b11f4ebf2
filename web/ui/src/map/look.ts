import { effect, type Signal } from '@preact/signals'
import type { Map as MapLibre } from 'maplibre-gl'
import { stationOf } from '../alert.ts'
import { follow as following } from '../filters.ts'
import { newsOf } from '../news.ts'
import * as state from '../state.ts'
import type { Alert } from '../wire.ts'
import { WHOLE } from './make.ts'
import { pulse } from './pulses.ts'

const FLIGHT = 500

/** Moves the map to where the page wants it. */
export function look(map: MapLibre, wanted: Signal<state.Look | 'all' | null>): () => void {
  return effect(() => {
    const at = wanted.value
    if (!at) return
    const animate = !matchMedia('(prefers-reduced-motion: reduce)').matches
    // The panel that opens with it makes the map narrower: the middle is known once that is laid out.
    const frame = requestAnimationFrame(() => {
      map.resize()
      // Asked for once; another map that opens later must not go there too.
      wanted.value = null
      if (at === 'all') {
        map.fitBounds(WHOLE, { padding: 24, animate }, { whole: true })
        return
      }
      const to = { center: at.center, zoom: at.exact ? at.zoom : Math.max(map.getZoom(), at.zoom) }
      if (animate && !at.exact) map.easeTo({ ...to, duration: FLIGHT })
      else map.jumpTo(to)
    })
    return () => cancelAnimationFrame(frame)
  })
}

/** How near it goes to an alert, and for how long its station stays marked, ms. */
const NEAR = 11
const MARKED = 8000

/** Goes where an alert opens, while that is wanted. Of several at once, to the worst. */
export function follow(map: MapLibre): () => void {
  let before: ReadonlyMap<string, Alert> | null = null
  let unmark: ReturnType<typeof setTimeout> | undefined
  const stop = effect(() => {
    // Of the present, whatever part of the past is shown.
    const after = state.model.value.alerts
    const news = before && state.model.peek().epoch !== '' ? newsOf(before, after) : []
    before = state.model.peek().epoch === '' ? null : after
    if (!following.peek() || state.past.peek()) return
    const station = news.map((a) => state.stations.peek().get(stationOf(a) ?? '')).find((s) => s !== undefined)
    if (!station) return
    state.lookAt.value = { center: station.location, zoom: NEAR }
    state.pointed.value = station.id
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) pulse(map, station)
    clearTimeout(unmark)
    unmark = setTimeout(() => {
      if (state.pointed.peek() === station.id) state.pointed.value = null
    }, MARKED)
  })
  return () => {
    clearTimeout(unmark)
    stop()
  }
}
