import { type Map as MapLibre, Marker } from 'maplibre-gl'
import type { Station } from '../wire.ts'

/** A ring that spreads once around a station whose state has changed, so that the change is seen and not only the new state. */

/** Beyond this many at once there would be nothing to see but rings. */
const MOST = 12

export class Pulses {
  private before: ReadonlyMap<string, Station> | null = null

  update(map: MapLibre, stations: ReadonlyMap<string, Station>, shown: boolean): void {
    const before = this.before
    this.before = stations
    if (!shown || !before || before.size === 0 || before === stations) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    let drawn = 0
    for (const s of stations.values()) {
      const was = before.get(s.id)
      if (was === s || !was || was.state === s.state) continue
      if (drawn === MOST) return
      pulse(map, s)
      drawn += 1
    }
  }
}

export function pulse(map: MapLibre, s: Station): void {
  const element = document.createElement('div')
  element.className = `map-pulse ${s.state}`
  element.setAttribute('aria-hidden', 'true')
  const ring = document.createElement('span')
  element.append(ring)
  const marker = new Marker({ element }).setLngLat(s.location).addTo(map)
  // MapLibre makes of every marker something to press.
  element.removeAttribute('tabindex')
  element.removeAttribute('role')
  element.removeAttribute('aria-label')
  ring.addEventListener('animationend', () => marker.remove())
}
