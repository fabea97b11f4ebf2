import { isOutage, placeName, stationOf } from '../alert.ts'
import { clearFilters, concerns } from '../filters.ts'
import { fresh, risen } from '../news.ts'
import { go } from '../router.ts'
import {
  beneath,
  now,
  openAlerts,
  openStation,
  parameters,
  past,
  pointed,
  rankedAlerts,
  selectedAlert,
  words,
} from '../state.ts'
import type { Alert } from '../wire.ts'
import { basisText, bound, decimalsOf, ratioText, shortName, withUnit } from './figures.ts'
import { SeveritySign } from './sign.tsx'

/** The open alerts: what is new on top for a minute, then worst first, then newest. */
export function AlertList() {
  const w = words.value
  const all = rankedAlerts.value.filter((a) => !(a.inhibited_by && openAlerts.value.has(a.inhibited_by)))
  const alerts = risen(all.filter(concerns), now.value)
  if (all.length === 0) {
    return (
      <div class="empty">
        <p>{w.t(past.value ? 'playback.no_alerts' : 'alerts.none')}</p>
        {!past.value && <p>{w.t('alerts.none_hint')}</p>}
      </div>
    )
  }
  return (
    <>
      {alerts.length < all.length && (
        <p class="filtered">
          {w.t('alerts.filtered', { n: alerts.length, all: all.length })}{' '}
          <button type="button" class="link" onClick={clearFilters}>
            {w.t('map.clear')}
          </button>
        </p>
      )}
      <ul class="alerts">
        {alerts.map((a) => (
          <AlertRow key={a.id} alert={a} />
        ))}
      </ul>
    </>
  )
}

function AlertRow({ alert: a }: { alert: Alert }) {
  const w = words.value
  const station = stationOf(a)
  const point = (id: string | null) => () => {
    pointed.value = id
  }
  return (
    <li>
      <button
        type="button"
        class={`alert ${a.severity}`}
        aria-pressed={selectedAlert.value === a.id}
        data-alert={a.id}
        onClick={() => (station ? openStation(station, a.id) : go('alerts', { alert: a.id }))}
        onMouseEnter={point(station)}
        onMouseLeave={point(null)}
        onFocus={point(station)}
        onBlur={point(null)}
      >
        <span class="line">
          <SeveritySign severity={a.severity} />
          <span class="basis">{basisText(a, w)}</span>
          <time dateTime={a.opened_at} title={w.date(a.opened_at)}>
            {w.ago(a.opened_at, now.value)}
          </time>
        </span>
        <Figures alert={a} />
        <span class="where">
          {placeName(a, w)} {isFresh(a) && <span class="new">{w.t('alert.new')}</span>}
        </span>
        <Source alert={a} park={a.scope === 'park' ? '' : w.text(a.park?.name)} />
        {(beneath.value.get(a.id) ?? 0) > 0 && (
          <span class="source">{w.t('alert.and_beneath', { n: beneath.value.get(a.id) ?? 0 })}</span>
        )}
      </button>
    </li>
  )
}

/** Says the newest alert to who listens instead of looking. */
export function NewestAlert() {
  let newest: Alert | null = null
  for (const a of rankedAlerts.value) {
    if (isFresh(a) && (!newest || a.opened_at > newest.opened_at)) newest = a
  }
  return (
    <p class="heard" role="status">
      {newest && words.value.text(newest.summary)}
    </p>
  )
}

const isFresh = (a: Alert) => fresh(a, now.value)

/** Parameter, value, limit, ratio in one line. */
export function Figures({ alert: a }: { alert: Alert }) {
  const w = words.value
  if (!a.parameter) return <span class="figures">{w.t(isOutage(a) ? 'alert.all_stations' : 'alert.station')}</span>
  const decimals = decimalsOf(a.parameter, parameters.value)
  return (
    <span class="figures">
      <b class="what">{shortName(a.parameter, parameters.value, w)}</b>
      {a.value !== null && <b>{withUnit(w.measured(a.value, decimals), a.unit)}</b>}
      {a.limit !== null && <span class="limit">{w.t('alert.limit', { limit: bound(a.limit, w) })}</span>}
      {a.ratio !== null && (
        <span class="times" title={ratioText(a, w)}>
          {w.ratio(a.ratio)}×
        </span>
      )}
    </span>
  )
}

/** Where the limit comes from, and everything that tells the reader to be careful. */
export function Source({ alert: a, park = '' }: { alert: Alert; park?: string }) {
  const w = words.value
  return (
    <span class="source">
      {park && <span class="park">{park}</span>}
      {a.limit_reference && <span>{a.limit_reference}</span>}
      {a.limit_reference && !a.limit_verified && <em>{w.t('alert.unverified')}</em>}
      {a.late && <em>{w.t('alert.late')}</em>}
      {a.acknowledged_by && <em class="done">{w.t('alert.acknowledged', { who: a.acknowledged_by })}</em>}
    </span>
  )
}
