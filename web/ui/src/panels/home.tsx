import '../styles/lists.css'
import '../styles/map.css'
import '../styles/panel.css'
import { selectedStation } from '../state.ts'
import { Lists } from './lists.tsx'
import { MapView } from './map.tsx'
import { StationPanel } from './station.tsx'

/** The map with its lists and the station that is open. */
export function Home() {
  return (
    <main class={selectedStation.value ? 'body with-panel' : 'body'}>
      <Lists />
      <MapView />
      <StationPanel />
    </main>
  )
}
