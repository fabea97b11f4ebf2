import '../styles/lists.css'
import '../styles/home.css'
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { lazy } from '../parts/lazy.tsx'
import { model, selectedStation } from '../state.ts'
import { Lists } from './lists.tsx'

const map = lazy(() => import('./map-column.tsx').then((m) => m.MapColumn), 'first')
const station = lazy(() => import('./station.tsx').then((m) => m.StationPanel), 'part')

/** Where no data comes, the map does not wait for it any longer, ms. */
const PATIENCE = 4000
const waited = signal(false)

/** The lists come first, since they can be used at once; the map follows when they have something to show. */
export function Home() {
  useEffect(() => {
    const timer = setTimeout(() => {
      waited.value = true
    }, PATIENCE)
    return () => clearTimeout(timer)
  }, [])
  const ready = model.value.epoch !== '' || waited.value
  return (
    <main class={selectedStation.value ? 'body with-panel' : 'body'}>
      <Lists />
      <div class="map-column">{ready ? <map.Page /> : <div class="map-box" />}</div>
      {selectedStation.value && <station.Page />}
    </main>
  )
}
