import { computed, effect, signal } from '@preact/signals'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { parks, role, stations, words } from '../../state.ts'
import type { DataGaps, QualityReport, StationFigures, Strip } from '../../wire-quality.ts'
import { isDaily } from './cells.ts'
import { getGaps, getQuality, getStrip } from './client.ts'
import { narrow, type Order, order } from './figures.ts'
import { type Span, spanOf } from './span.ts'

/** What is on the page of quality. Span, filter and the station that is looked into stand in the address. */

const query = computed(() => (place.value.page === 'quality' ? place.value.query : {}))
const spanKey = computed(() => [query.value.range ?? '', query.value.from ?? '', query.value.to ?? ''].join())
const asked = signal(0)

export const report = new Source<QualityReport>()
export const gaps = new Source<DataGaps>()
export const strip = new Source<Strip>()
/** The span that was asked for, so that it does not creep on while it is read. */
export const span = signal<Span>(spanOf({}, Date.now()))
export const text = computed(() => query.value.q ?? '')
export const park = computed(() => query.value.park ?? '')
export const code = computed(() => query.value.todo ?? '')
export const onlyMissed = computed(() => query.value.only === 'missed')
export const sorting = signal<Order>({ by: 'todo', down: false })
export const chosen = computed(() => query.value.station ?? '')

export function stationName(station: string): string {
  return words.value.text(stations.value.get(station)?.name) || station
}

export function parkName(id: string): string {
  return words.value.text(parks.value.get(id)?.name) || id || words.value.t('six.no_park')
}

export const lines = computed<readonly StationFigures[]>(() => {
  const all = report.state.value.value?.stations ?? []
  const by = { text: text.value, park: park.value, code: code.value, missed: onlyMissed.value }
  return order(
    narrow(all, by, (s) => `${stationName(s.station)} ${parkName(s.park)}`),
    sorting.value,
  )
})

export const chosenFigures = computed(
  () => report.state.value.value?.stations.find((s) => s.station === chosen.value) ?? null,
)

export function refresh(): void {
  asked.value += 1
}

/** Follows the address; the returned function ends that. */
export function followQuality(): () => void {
  const stops = [
    effect(() => {
      void spanKey.value
      void asked.value
      void role.value
      const next = spanOf(query.peek(), Date.now())
      span.value = next
      if (next.valid) void report.load((abort) => getQuality(next, abort))
    }),
    effect(() => {
      const within = span.value
      const of = chosen.value
      const inPark = park.value
      if (within.valid) void gaps.load((abort) => getGaps(within, of, inPark, abort))
    }),
    effect(() => {
      const within = span.value
      const of = chosen.value
      strip.clear()
      if (of && within.valid) {
        void strip.load((abort) => getStrip(within, of, isDaily(within.from, within.to), abort))
      }
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
