import { parameter } from '../filters.ts'
import { worstParameter } from '../history.ts'
import type { Cluster } from '../map/clusters.ts'
import type { Tip } from '../map/point.ts'
import { hotspots, now, parameters, parks, stations, words } from '../state.ts'
import { counts } from '../store.ts'
import { STATES } from '../wire.ts'
import { decimalsOf, shortName, withUnit } from './figures.ts'
import { StateSign } from './sign.tsx'

/** What the pointer is over: a station and what its sign stands for, or a hotspot. The lists say the same. */
export function MapTip({ tip }: { tip: Tip }) {
  const style = { left: `${tip.x}px`, top: `${tip.y}px` }
  return (
    <div class={tip.y < 190 ? 'tip below' : 'tip'} role="tooltip" style={style}>
      {'spot' in tip ? <SpotTip id={tip.spot} /> : <StationTip id={tip.station} cluster={tip.cluster} />}
    </div>
  )
}

function StationTip({ id, cluster }: { id: string; cluster: Cluster | undefined }) {
  const w = words.value
  const s = stations.value.get(id)
  if (!s) return null
  const code = parameter.value || worstParameter(s)
  const latest = code ? s.latest[code] : undefined
  return (
    <>
      <b>{w.text(s.name)}</b>
      <small>{w.text(parks.value.get(s.park)?.name)}</small>
      <span>
        <StateSign state={s.state} /> {w.t(`state.${s.state}`)}
      </span>
      {code && latest && latest.value !== null && (
        <span>
          {shortName(code, parameters.value, w)}{' '}
          <b>{withUnit(w.measured(latest.value, decimalsOf(code, parameters.value)), latest.unit)}</b>
          {latest.ratio !== null && ` · ${w.ratio(latest.ratio)}×`} · {w.age(latest.measured_at, now.value)}
        </span>
      )}
      {cluster && <Behind cluster={cluster} />}
    </>
  )
}

function Behind({ cluster }: { cluster: Cluster }) {
  const w = words.value
  const others = cluster.others.flatMap((id) => {
    const s = stations.value.get(id)
    return s ? [[id, s] as const] : []
  })
  const n = counts(new Map(others))
  const states = STATES.filter((s) => n[s] > 0)
    .map((s) => `${n[s]} ${w.t(`state.${s}`).toLocaleLowerCase(w.language)}`)
    .join(', ')
  return (
    <small class="behind">
      {w.t('map.behind', { n: others.length, states })}. {w.t('map.zoom_in')}
    </small>
  )
}

function SpotTip({ id }: { id: string }) {
  const w = words.value
  const p = hotspots.value.features.find((f) => f.properties.id === id)?.properties
  if (!p) return null
  return (
    <>
      <b>
        {w.t('spot.title', { rank: p.rank })} · {w.t('spot.score', { score: w.measured(p.score, 2) })}
      </b>
      <span>
        {shortName(p.parameter, parameters.value, w)} · {w.t('hotspots.members', { n: p.stations.length })} ·{' '}
        {w.t('alert.since', { when: w.ago(p.since, now.value) })}
      </span>
      <small>
        {p.z !== null && p.p !== null
          ? w.t('spot.significance', { z: w.measured(p.z, 2), p: w.measured(p.p, 3) })
          : w.t('spot.no_test')}
      </small>
      <small>
        {p.stations
          .map((s) => w.text(stations.value.get(s)?.name) || s)
          .slice(0, 4)
          .join(' · ')}
      </small>
    </>
  )
}
