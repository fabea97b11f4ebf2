import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { worstParameter } from '../history.ts'
import { mountMap, type Tip } from '../map/map.ts'
import { now, parameters, parks, stations, words } from '../state.ts'
import { decimalsOf, shortName, withUnit } from './figures.ts'
import { Legend } from './legend.tsx'
import { StateSign } from './sign.tsx'

/** The box of the map. Preact renders what lies over it and never looks inside. */
export function MapView() {
  const w = words.value
  const box = useRef<HTMLDivElement>(null)
  const tip = useSignal<Tip | null>(null)
  const failed = useSignal(false)
  useEffect(() => {
    if (!box.current) return
    try {
      const map = mountMap(box.current, (t) => {
        tip.value = t
      })
      return map.remove
    } catch {
      failed.value = true
      return
    }
  }, [tip, failed])
  return (
    <div class="map-box">
      <div class="map" ref={box} />
      {failed.value && <p class="map-failed">{w.t('map.failed')}</p>}
      {tip.value && <TipView tip={tip.value} />}
      <Legend />
    </div>
  )
}

function TipView({ tip }: { tip: Tip }) {
  const w = words.value
  const s = stations.value.get(tip.station)
  if (!s) return null
  const code = worstParameter(s)
  const latest = code ? s.latest[code] : undefined
  return (
    <div class="tip" role="tooltip" style={{ left: `${tip.x}px`, top: `${tip.y}px` }}>
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
    </div>
  )
}
