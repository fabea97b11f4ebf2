import { batch, effect } from '@preact/signals'
import { at, dropUnknown, mapQuery, setView } from './filters.ts'
import type { Language } from './i18n/format.ts'
import { addressOf } from './place.ts'
import { go, place } from './router.ts'
import {
  closeStation,
  language,
  lookAt,
  model,
  openStation,
  selectedAlert,
  selectedStation,
  stations,
} from './state.ts'
import { type At, viewOf, written } from './view.ts'

/**
 * Keeps what the map shows, what is open on it and its address the same, in both directions: an address that is copied opens the
 * same page elsewhere. The returned function ends that.
 */
export function followMap(): () => void {
  /** A station that the address names before the data has come. */
  let awaited: string | null = null
  const open = (query: Readonly<Record<string, string>>) => {
    const station = query.station ?? null
    const alert = (station && query.alert) || null
    if (station === selectedStation.peek() && alert === selectedAlert.peek()) return
    if (!station) return closeStation()
    openStation(station, alert)
    if (!stations.peek().has(station)) awaited = station
  }
  const stopReading = effect(() => {
    const { page, query } = place.value
    takeLanguage(query.lang)
    if (page !== 'map') return
    // An outage has no station to open: its link names the alert alone.
    if (query.alert && !query.station) {
      go('alerts', { alert: query.alert }, 'replace')
      return
    }
    batch(() => {
      const before = at.peek()
      const view = viewOf(query)
      setView(view)
      open(query)
      if (view.at && !same(view.at, before)) lookAt.value = { ...view.at, exact: true }
    })
  })
  const stopWriting = effect(() => {
    const wanted = {
      station: selectedStation.value ?? '',
      alert: (selectedStation.value && selectedAlert.value) || '',
      ...mapQuery.value,
    }
    const { page, query } = place.peek()
    if (page !== 'map') return
    const next = { ...wanted, ...unknown(query, wanted) }
    if (addressOf('map', next) === addressOf('map', query)) return
    // Opening the panel is a step that "back" undoes; everything else is not.
    go('map', next, wanted.station && !query.station ? 'push' : 'replace')
  })
  const stopAwaiting = effect(() => {
    const known = stations.value
    if (model.value.epoch === '') return
    dropUnknown()
    if (!awaited) return
    const s = known.get(awaited)
    if (s && !at.peek()) lookAt.value = { center: s.location, zoom: 10 }
    else if (!s && selectedStation.peek() === awaited) closeStation()
    awaited = null
  })
  return () => {
    stopReading()
    stopWriting()
    stopAwaiting()
  }
}

/** What other parts of the page keep in the address stays there. */
function unknown(query: Readonly<Record<string, string>>, known: object): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([name]) => !(name in known) && name !== 'lang'))
}

function same(a: At, b: At | null): boolean {
  return b !== null && written(a) === written(b)
}

/** A link may name the language that it was made in. That holds for this visit and is not kept. */
function takeLanguage(name: string | undefined): void {
  if (name === 'vi' || name === 'en') language.value = name satisfies Language
}

/** The address of what is shown, as another reader should have it. */
export function shareLink(): string {
  const { page, query } = place.peek()
  return new URL(addressOf(page, { ...query, lang: language.peek() }), document.baseURI).href
}
