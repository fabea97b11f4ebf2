import { hotspots, lookAt, now, openStation, parameters, stations, words } from '../state.ts'
import type { Hotspot } from '../wire.ts'
import { shortName } from './figures.ts'

/** The hot-spots by rank, with their members. */
export function HotspotList() {
  const w = words.value
  const spots = [...hotspots.value.features].sort((a, b) => a.properties.rank - b.properties.rank)
  if (spots.length === 0) {
    return (
      <div class="empty">
        <p>{w.t('hotspots.none')}</p>
        <p>{w.t('hotspots.none_hint')}</p>
      </div>
    )
  }
  return (
    <ol class="hotspots">
      {spots.map((h) => (
        <HotspotItem key={h.properties.id} spot={h} />
      ))}
    </ol>
  )
}

function HotspotItem({ spot }: { spot: Hotspot }) {
  const w = words.value
  const p = spot.properties
  return (
    <li>
      <button type="button" class="head" onClick={() => showSpot(spot)}>
        <b class="rank">#{p.rank}</b>
        <span>
          <b>{shortName(p.parameter, parameters.value, w)}</b> ·{' '}
          {w.t('hotspots.score', { score: w.measured(p.score, 2) })} ·{' '}
          {w.t('hotspots.members', { n: p.stations.length })}
        </span>
        <time dateTime={p.since}>{w.t('alert.since', { when: w.ago(p.since, now.value) })}</time>
      </button>
      <ul>
        {p.stations.map((id) => (
          <li key={id}>
            <button type="button" class="link" onClick={() => openStation(id)}>
              {w.text(stations.value.get(id)?.name) || id}
            </button>
          </li>
        ))}
      </ul>
      {p.reason && <p class="note">{w.text(p.reason)}</p>}
    </li>
  )
}

function showSpot(spot: Hotspot): void {
  const ring = spot.geometry.coordinates[0] ?? []
  if (ring.length === 0) return
  const middle = (axis: 0 | 1) => {
    const c = ring.map((p) => p[axis])
    return (Math.min(...c) + Math.max(...c)) / 2
  }
  lookAt.value = { center: [middle(0), middle(1)], zoom: 11.5 }
}
