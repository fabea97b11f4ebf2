import { batch, computed, effect, signal } from '@preact/signals'
import { place, refine } from '../router.ts'
import { Source } from '../source.ts'
import { model, past, present, selectedStation } from '../state.ts'
import { type Overview, playbackAPI } from './client.ts'
import { Shelf } from './shelf.ts'
import { DRAG_STEP, instantIn, type Slice, STEPS, stepFor } from './slice.ts'
import { alertsAt, stationAt, stationsAt } from './view.ts'
import { atOf, TIME, written } from './when.ts'

/**
 * Plays the past: where it is, how fast it goes, and what the page shows then. It alone writes `past`. Windows are fetched ahead of the
 * play; a window that is not there yet leaves the last picture standing, and the play waits for it.
 */

export const SPEEDS = [1, 60, 300, 900, 3600] as const
export type Speed = (typeof SPEEDS)[number]

const DAY = 24 * 3_600_000
/** How far back the timeline reaches. */
export const REACH = 30 * DAY
/** What the demo measures every so often, ms, and a real gateway. */
const DEMO_CYCLE = 5000
const CYCLE = 5 * 60_000
/** The play moves this often, ms, and its address is written this often. */
const TICK = 100
const WRITE = 2000
/** This near to the present, ms, the play has caught up and the page is live again. */
const CAUGHT_UP = 5000

/** The time that is shown; null: the page is live. */
export const at = signal<number | null>(null)
export const playing = signal(false)
export const speed = signal<Speed>(900)
export const dragging = signal(false)
/** What is shown is older than `at`: its window is on its way. */
export const waiting = signal(false)
export const failed = signal(false)
export const moreAlerts = signal(false)

export const begin = computed(() => Math.floor(present.value / 60_000) * 60_000 - REACH)

const step = computed(() =>
  dragging.value ? DRAG_STEP : stepFor(speed.value, model.value.info?.demo ? DEMO_CYCLE : CYCLE),
)

/** Grows when a window came. */
const arrived = signal(0)
const onWindow = (error: unknown) => {
  failed.value = error !== null
  arrived.value += 1
}
const shelf = new Shelf((w) => playbackAPI.slice(w), onWindow, Date.now)
let station = ''
const stationShelf = new Shelf((w) => playbackAPI.slice(w, station), onWindow, Date.now)

const overviews = new Source<Overview>()
export const overview = overviews.state

export function loadOverview(): void {
  const to = Date.now()
  void overviews.load((abort) => playbackAPI.overview(to - REACH, to, abort))
}

/** Goes to a time of the past; one that has not come yet is the present. */
export function seek(time: number): void {
  const last = Date.now()
  if (time >= last - CAUGHT_UP) leave()
  else at.value = Math.max(time, last - REACH)
}

/** Moves by a number of instants, or by a length of time. */
export function nudge(by: number): void {
  const from = at.peek() ?? Date.now()
  batch(() => {
    playing.value = false
    seek(from + by)
  })
}

export function toggle(): void {
  batch(() => {
    if (at.peek() === null) seek(Date.now() - DAY)
    playing.value = !playing.peek()
  })
}

/** Back to the present. */
export function leave(): void {
  batch(() => {
    playing.value = false
    dragging.value = false
    at.value = null
  })
}

/** Keeps what is shown at the time that is played; the returned function ends that, and with it the past. */
export function followPlayback(): () => void {
  const stops = [effect(fetchAhead), effect(show), effect(tick), followTime()]
  return () => {
    for (const stop of stops) stop()
    leave()
    past.value = null
    shelf.clear()
    stationShelf.clear()
  }
}

/** Elsewhere in the page it is always the present. */
const shownAt = computed(() => (place.value.page === 'map' ? at.value : null))

function fetchAhead(): void {
  const time = shownAt.value
  void arrived.value
  if (time === null) return
  const span = STEPS * step.value
  shelf.want(time, step.value)
  const id = selectedStation.value
  if (id) {
    if (station !== id) stationShelf.clear()
    station = id
    stationShelf.want(time, step.value)
  }
  if (!playing.value) return
  for (const ahead of [span, 2 * span]) {
    if (time + ahead > present.peek()) return
    shelf.want(time + ahead, step.value)
    if (id) stationShelf.want(time + ahead, step.value)
  }
}

/** What the picture was made of, so that the same is not made twice. */
let drawn: { slice: Slice; instant: number; one: Slice | null; known: number } | null = null
/** How many stations there are today: when it grows there is more to show. */
const known = computed(() => model.value.stations.size)

function show(): void {
  const time = shownAt.value
  void arrived.value
  if (time === null) {
    drawn = null
    waiting.value = false
    past.value = null
    return
  }
  const slice = shelf.get(time, step.value)
  waiting.value = slice === null
  if (!slice || known.value === 0) return
  const id = selectedStation.value
  const one = id && id === station ? stationShelf.get(time, step.value) : null
  const instant = instantIn(slice, time)
  // Which stations there are matters here, and not what they measure now.
  const today = model.peek().stations
  const before = past.peek()
  if (
    before &&
    drawn &&
    drawn.slice === slice &&
    drawn.instant === instant &&
    drawn.one === one &&
    drawn.known === known.value
  ) {
    if (Math.abs(before.at - time) >= 1000) past.value = { ...before, at: time }
    return
  }
  drawn = { slice, instant, one, known: known.value }
  const began = performance.now()
  const stations = stationsAt(today, slice, time, before?.stations ?? null)
  const opened = id ? today.get(id) : undefined
  const shown =
    opened && one?.stations[0] === id ? new Map(stations).set(opened.id, stationAt(opened, one, time)) : stations
  moreAlerts.value = slice.moreAlerts
  past.value = { at: time, stations: shown, alerts: alertsAt(slice.alerts, time, shown) }
  measure(began)
}

const MARK = 'quantrac-playback'

/** How long a picture kept the page busy, with the renders that it set off, for who observes. */
function measure(start: number): void {
  queueMicrotask(() => {
    performance.measure(MARK, { start })
    performance.clearMeasures(MARK)
  })
}

function tick(): undefined | (() => void) {
  if (!playing.value || place.value.page !== 'map') return
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const passed = now - last
    last = now
    const time = at.peek()
    // Who plays waits for the window rather than miss what is in it.
    if (time !== null && !waiting.peek()) seek(time + passed * speed.peek())
  }, TICK)
  return () => clearInterval(timer)
}

/** The time in the address, in both directions. */
function followTime(): () => void {
  let wroteAt = 0
  const stopReading = effect(() => {
    const { page, query } = place.value
    if (page !== 'map') return
    const time = query[TIME] ? atOf(query[TIME]) : null
    const held = at.peek()
    if (time === null) {
      if (held !== null && !query[TIME] && wroteAt > 0) leave()
      return
    }
    if (held === null || written(held) !== written(time)) if (!playing.peek()) seek(time)
  })
  const stopWriting = effect(() => {
    const time = at.value
    const moving = playing.value || dragging.value
    if (place.peek().page !== 'map') return
    const now = Date.now()
    if (time !== null && moving && now - wroteAt < WRITE) return
    wroteAt = time === null ? 0 : now
    refine({ [TIME]: time === null ? '' : written(time) })
  })
  return () => {
    stopReading()
    stopWriting()
  }
}
