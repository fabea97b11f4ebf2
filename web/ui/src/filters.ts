import { batch, computed, signal } from '@preact/signals'
import { stationOf } from './alert.ts'
import { slow } from './slow.ts'
import { openAlerts, parameters, parks, shown, stations } from './state.ts'
import { type At, indexFor, narrowings, passing, queryOf, type View, viewOf } from './view.ts'
import type { Alert, Station } from './wire.ts'

/** What the reader wants to see on the map and in its lists. The address holds all of it: see map-place.ts. */

export const park = signal('')
export const parameter = signal('')
export const kind = signal('')
export const wrong = signal(false)
export const heat = signal(false)
export const follow = signal(false)
/** Where the map stands; null while it shows the whole province. */
export const at = signal<At | null>(null)

export const view = computed<View>(() => ({
  states: shown.value,
  park: park.value,
  parameter: parameter.value,
  kind: kind.value,
  wrong: wrong.value,
  heat: heat.value,
  follow: follow.value,
  at: at.value,
}))

export const mapQuery = computed(() => queryOf(view.value))
export const narrow = computed(() => narrowings(view.value))

export function setView(v: View): void {
  batch(() => {
    shown.value = v.states
    park.value = v.park
    parameter.value = v.parameter
    kind.value = v.kind
    wrong.value = v.wrong
    heat.value = v.heat
    follow.value = v.follow
    at.value = v.at
  })
}

/** Shows every station again; where the map stands and what it does stay. */
export function clearFilters(): void {
  setView({ ...viewOf({}), heat: heat.peek(), follow: follow.peek(), at: at.peek() })
}

const alarmed = computed(() => new Set([...openAlerts.value.values()].map((a) => stationOf(a) ?? '')))

/** Whether a station is shown; another function whenever the answer may be another for the same station. */
export const passes = computed(() =>
  passing(
    {
      states: shown.value,
      park: park.value,
      parameter: parameter.value,
      kind: kind.value,
      wrong: wrong.value,
      heat: false,
      follow: false,
      at: null,
    },
    wrong.value ? alarmed.value : NOBODY,
  ),
)

const NOBODY: ReadonlySet<string> = new Set()

export function indexOf(s: Station): number | null {
  return indexFor(s, parameter.value)
}

/** How often lists are sorted and clusters made while readings come, ms. */
const RESORT = 1000
/** The stations, a little late: for what need not follow every reading. */
export const slowStations = slow(stations, RESORT)

/** How many stations are shown. */
export const passed = computed(() => {
  let n = 0
  for (const s of slowStations.value.values()) if (passes.value(s)) n += 1
  return n
})

/** The kinds of stations that there are. */
export const kinds = computed(() => [...new Set([...slowStations.value.values()].map((s) => s.kind))].sort())

/** Whether an alert is about something that the filters of place and parameter let through. States hide no alert. */
export function concerns(a: Alert): boolean {
  const id = stationOf(a)
  const s = id ? stations.value.get(id) : undefined
  return (
    (park.value === '' || a.park?.id === park.value || s?.park === park.value) &&
    (kind.value === '' || !s || s.kind === kind.value) &&
    (parameter.value === '' || a.parameter === null || a.parameter === parameter.value)
  )
}

/** What an address names and there is not would hide everything without saying so. */
export function dropUnknown(): void {
  batch(() => {
    if (park.peek() && !parks.peek().has(park.peek())) park.value = ''
    if (parameter.peek() && !parameters.peek().has(parameter.peek())) parameter.value = ''
  })
}
