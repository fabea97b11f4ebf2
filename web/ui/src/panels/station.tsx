import '../styles/panel.css'
import { useEffect, useRef } from 'preact/hooks'
import { chooseParameter, parameter } from '../history.ts'
import { Link } from '../parts/link.tsx'
import { followSparks } from '../sparks.ts'
import { closeStation, parks, selectedAlert, selectedStation, stations, words } from '../state.ts'
import type { Park, Station } from '../wire.ts'
import { AlertDetailView } from './alert-detail.tsx'
import { Chart } from './chart.tsx'
import { ParameterTable } from './parameters.tsx'
import { StateSign } from './sign.tsx'
import { StationAlerts } from './station-alerts.tsx'

/** Everything about the station that is open. */
export function StationPanel() {
  const id = selectedStation.value
  const s = id ? stations.value.get(id) : undefined
  const heading = useRef<HTMLHeadingElement>(null)
  // The panel opens on a press elsewhere: who reads by ear or keyboard is taken along, and back by Escape.
  useEffect(() => {
    if (id) heading.current?.focus({ preventScroll: true })
  }, [id])
  const codes = s?.parameters.join(' ') ?? ''
  useEffect(() => {
    if (s) return followSparks(s.id, s.parameters, Date.now)
    return undefined
  }, [s?.id, codes])
  if (!s) return null
  const w = words.value
  const park = parks.value.get(s.park)
  const onKey = (e: KeyboardEvent) => {
    if (e.key === 'Escape') closeStation()
  }
  return (
    <section class="panel" aria-label={w.t('panel.label')} data-panel={s.id} onKeyDown={onKey}>
      <div class="panel-head">
        <StateSign state={s.state} />
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {w.text(s.name)}
          </h2>
          <p>
            <b>{w.t(`state.${s.state}`)}</b> · {w.named('kind', s.kind)}
          </p>
          <Link page="station" query={{ id: s.id, p: parameter.value ?? '' }} class="panel-link">
            {w.t('station.open_page')}
          </Link>
        </div>
        <button type="button" class="quiet icon" aria-label={w.t('panel.close')} onClick={closeStation}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M5 5l14 14M19 5L5 19" />
          </svg>
        </button>
      </div>
      <div class="panel-body">
        {selectedAlert.value ? <AlertDetailView /> : <StationAlerts station={s} />}
        <ParameterTable station={s} chosen={parameter.value} choose={(code) => chooseParameter(s.id, code)} />
        <Chart station={s} />
        {park && <ParkFacts park={park} station={s} />}
      </div>
    </section>
  )
}

/** Facts about the park, never without how well they are known. */
function ParkFacts({ park, station }: { park: Park; station: Station }) {
  const w = words.value
  const rows: [string, string | undefined][] = [
    [w.t('panel.park'), w.text(park.name)],
    [w.t('panel.place'), park.place],
    [w.t('panel.water'), park.receiving_water],
    [
      w.t('panel.capacity'),
      park.capacity_m3_day
        ? `${w.number(park.capacity_m3_day, 0)} m³/${w.language === 'vi' ? 'ngày' : 'day'}`
        : undefined,
    ],
    [w.t('panel.area'), park.area_ha ? `${w.number(park.area_ha, 2)} ha` : undefined],
    [w.t('panel.confidence'), park.confidence],
  ]
  return (
    <div class="facts">
      <dl>
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <p class="note">
        {station.id} · {w.t('panel.precision', { km: w.number(park.precision_km, 1) })}
      </p>
    </div>
  )
}
