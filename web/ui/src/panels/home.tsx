import '../styles/lists.css'
import '../styles/map.css'
import '../styles/map-tools.css'
import '../styles/panel.css'
import { PastBand, Timeline } from '../playback/timeline.tsx'
import { selectedStation } from '../state.ts'
import { Lists } from './lists.tsx'
import { MapView } from './map.tsx'
import { StationPanel } from './station.tsx'

/** The map with its lists and the station that is open. */
export function Home() {
  return (
    <main class={selectedStation.value ? 'body with-panel' : 'body'}>
      <Lists />
      <div class="map-column">
        <PastBand />
        <MapView />
        <Timeline />
      </div>
      <StationPanel />
    </main>
  )
}
