import '../styles/map.css'
import '../styles/map-tools.css'
import { PastBand, Timeline } from '../playback/timeline.tsx'
import { MapView } from './map.tsx'

/** The map with its timeline. MapLibre comes with it, which is more than all of the rest. */
export function MapColumn() {
  return (
    <>
      <PastBand />
      <MapView />
      <Timeline />
    </>
  )
}
