import { effect } from '@preact/signals'
import { addressOf } from './place.ts'
import { go, place } from './router.ts'
import { closeStation, lookAt, model, openStation, selectedAlert, selectedStation, stations } from './state.ts'

/**
 * Keeps what is open on the map and its address the same, in both directions, so that the link of an alert opens its station with
 * it. The returned function ends that.
 */
export function followStation(): () => void {
  /** A station that the address names before the data has come. */
  let awaited: string | null = null
  const stopReading = effect(() => {
    const { page, query } = place.value
    if (page !== 'map') return
    // An outage has no station to open: its link names the alert alone.
    if (query.alert && !query.station) {
      go('alerts', { alert: query.alert }, 'replace')
      return
    }
    const station = query.station ?? null
    const alert = (station && query.alert) || null
    if (station === selectedStation.peek() && alert === selectedAlert.peek()) return
    if (!station) closeStation()
    else {
      openStation(station, alert)
      if (!stations.peek().has(station)) awaited = station
    }
  })
  const stopWriting = effect(() => {
    const station = selectedStation.value
    const alert = selectedAlert.value
    const { page, query } = place.peek()
    if (page !== 'map') return
    const wanted = station ? { station, alert: alert ?? '' } : {}
    const held = query.station ? { station: query.station, alert: query.alert ?? '' } : {}
    if (addressOf('map', wanted) === addressOf('map', held)) return
    // Opening the panel is a step that "back" undoes; going from one station to the next is not.
    const { station: _station, alert: _alert, ...rest } = query
    go('map', { ...wanted, ...rest }, station && !query.station ? 'push' : 'replace')
  })
  const stopAwaiting = effect(() => {
    const known = stations.value
    if (!awaited || model.value.epoch === '') return
    const s = known.get(awaited)
    if (s) lookAt.value = { center: s.location, zoom: 10 }
    else if (selectedStation.peek() === awaited) closeStation()
    awaited = null
  })
  return () => {
    stopReading()
    stopWriting()
    stopAwaiting()
  }
}
