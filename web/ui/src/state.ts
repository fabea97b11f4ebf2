import { batch, computed, effect, signal } from '@preact/signals'
import { chosen, keep } from './choice.ts'
import { type Language, learn, Words } from './i18n/format.ts'
import { allows, type Role } from './role.ts'
import { apply, counts, empty, type Model, ranked, type StoreEvent } from './store.ts'
import { STATES, type State } from './wire.ts'

/** The signals that the page hangs on: the model, and what the reader has chosen. */

const current = signal<Model>(empty)
export const model = computed(() => current.value)

export function dispatch(e: StoreEvent): void {
  current.value = apply(current.peek(), e)
}

/** What the map's page shows in place of the present; null: it is live. Playback alone writes it. */
export interface Past {
  at: number
  stations: Model['stations']
  alerts: Model['alerts']
}
export const past = signal<Past | null>(null)

const NOWHERE: Model['hotspots'] = { type: 'FeatureCollection', features: [] }

export const stations = computed(() => (past.value ?? current.value).stations)
/** How many stations are in each state. */
export const stateCounts = computed(() => counts(stations.value))
export const parks = computed(() => current.value.parks)
export const parameters = computed(() => current.value.parameters)
export const openAlerts = computed(() => (past.value ?? current.value).alerts)
export const rankedAlerts = computed(() => ranked(openAlerts.value))
/** How many open alerts each one explains; they stand beneath it. */
export const beneath = computed(() => {
  const counts = new Map<string, number>()
  for (const { inhibited_by: by } of openAlerts.value.values()) {
    if (by && openAlerts.value.has(by)) counts.set(by, (counts.get(by) ?? 0) + 1)
  }
  return counts
})
/** Where the hotspots were is not known of the past. */
export const hotspots = computed(() => (past.value ? NOWHERE : current.value.hotspots))
export const rivers = computed(() => current.value.rivers)
export const basemap = computed(() => current.value.basemap)

/** The role that the server gives this reader. */
export const role = computed(() => current.value.info?.role ?? 'none')

/** Who is signed in; null for a token, or for nobody. */
export const me = computed(() => current.value.info?.user ?? null)

export function can(need: Role): boolean {
  return allows(role.value, need)
}

/** The present, once a second. */
export const present = signal(Date.now())
/** The time of what is shown. */
export const now = computed(() => past.value?.at ?? present.value)

export type Theme = 'light' | 'dark'
export type Tab = 'alerts' | 'stations' | 'hotspots'

export const language = signal<Language>(chosen('language') === 'en' ? 'en' : 'vi')
const learnt = signal(0)
/** New whenever there are other texts to be read from. */
export const words = computed(() => {
  void learnt.value
  return new Words(language.value)
})
effect(() => {
  learn(language.value).then(
    () => {
      learnt.value += 1
    },
    () => undefined, // Vietnamese stands in, and the next choice tries again
  )
})

const systemDark = matchMedia('(prefers-color-scheme: dark)')
const system = signal<Theme>(systemDark.matches ? 'dark' : 'light')
systemDark.addEventListener('change', (e) => {
  system.value = e.matches ? 'dark' : 'light'
})
const chosenTheme = signal<Theme | null>(asTheme(chosen('theme')))
/** What a page insists on, whatever the reader has chosen elsewhere. */
export const imposedTheme = signal<Theme | null>(null)
export const theme = computed<Theme>(() => imposedTheme.value ?? chosenTheme.value ?? system.value)

export const tab = signal<Tab>('alerts')
export const shown = signal<ReadonlySet<State>>(new Set(STATES))
export const selectedStation = signal<string | null>(null)
export const selectedAlert = signal<string | null>(null)
/** The station under the pointer or the focus, on the map or in a list. */
export const pointed = signal<string | null>(null)
export const needsToken = signal(false)
export const tokenDialog = signal(false)
/** Where the map should look; a new object each time, so that the same place can be asked for twice. */
export const lookAt = signal<Look | 'all' | null>(null)

export interface Look {
  center: [number, number]
  /** At least this near; `exact`: just this near. */
  zoom: number
  exact?: boolean
}

/** Grows whenever the page was cut off and is back: what was asked for once has to be asked for again. */
export const missed = signal(0)

/** The help with the keys is open. */
export const helping = signal(false)

export function setLanguage(l: Language): void {
  language.value = l
  keep('language', l)
}

export function setTheme(t: Theme): void {
  chosenTheme.value = t
  keep('theme', t)
}

export function toggleState(s: State): void {
  const next = new Set(shown.peek())
  if (!next.delete(s)) next.add(s)
  shown.value = next
}

export function openStation(id: string, alert: string | null = null): void {
  batch(() => {
    selectedAlert.value = alert
    selectedStation.value = id
    const s = stations.peek().get(id)
    if (s) lookAt.value = { center: s.location, zoom: 10 }
  })
}

export function closeStation(): void {
  batch(() => {
    selectedStation.value = null
    selectedAlert.value = null
  })
}

function asTheme(s: string | null): Theme | null {
  return s === 'light' || s === 'dark' ? s : null
}
