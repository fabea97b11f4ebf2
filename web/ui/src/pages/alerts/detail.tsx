import '../../styles/alert-detail.css'
import { useEffect, useRef } from 'preact/hooks'
import { parkName, placeName, ruleName, stationOf } from '../../alert.ts'
import { Problem } from '../../http.ts'
import { byId } from '../../mutes/state.ts'
import { basisText, bound, decimalsOf, ratioText, shortName, withUnit } from '../../panels/figures.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { PrintHead } from '../../parts/print-head.tsx'
import { refine } from '../../router.ts'
import { now, openAlerts, parameters, stations, words } from '../../state.ts'
import type { Alert, Moment } from '../../wire.ts'
import { AlertActs } from './acts-bar.tsx'
import { AlertChart } from './chart.tsx'
import { Idle } from './idle.tsx'
import { toldOf } from './moments.ts'
import { PrintSign } from './sheet.tsx'
import { choose, chosen, refresh, shown } from './state.ts'
import { Timeline } from './timeline.tsx'
import { UpstreamSection } from './upstream.tsx'

/** One alert: what is wrong, where, since when, how bad, and all that happened with it. */
export function AlertDetailView() {
  const w = words.value
  const { alert: a, detail, error } = shown.value
  if (!chosen.value) return <Idle />
  const missing = error instanceof Problem && error.status === 404
  return (
    <section class="entry alert-entry" aria-label={w.t('alerts.detail')} data-detail={a?.id}>
      <button type="button" class="quiet back" onClick={() => refine({ alert: '' })}>
        ‹ {w.t('act.back')}
      </button>
      {missing && !a && <Empty text={w.t('alert.not_there')} hint={w.t('alert.not_there_hint')} />}
      {error !== null && !missing && <Failed error={error} again={refresh} />}
      {!a && error === null && <Waiting />}
      {a && (
        <>
          <PrintHead title={w.t('print.alert')} lines={[w.t('print.alert_id', { id: a.id, n: a.revision })]} />
          <Head key={a.id} alert={a} />
          <AlertActs alert={a} />
          <State alert={a} />
          <Facts alert={a} timeline={detail?.timeline ?? null} />
          <AlertChart alert={a} />
          <Explained alert={a} />
          <UpstreamSection alert={a} />
          {detail ? <Timeline detail={detail} /> : error === null && <Waiting />}
          <PrintSign />
        </>
      )}
    </section>
  )
}

function Head({ alert: a }: { alert: Alert }) {
  const w = words.value
  const heading = useRef<HTMLHeadingElement>(null)
  // From a press in the list, the reader goes on here; j and k stay there, and a link from outside begins with the page.
  useEffect(() => {
    if (document.activeElement?.matches('[data-row]') && matchMedia('(max-width: 1000px)').matches)
      heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <header class={`alert-head alert ${a.severity}`}>
      <p class="line">
        <SeveritySign severity={a.severity} />
        <span class="basis">{basisText(a, w)}</span>
        {a.state !== 'open' && <span class="mark">{w.t(`alerts.is_${a.state}`)}</span>}
      </p>
      <h3 ref={heading} tabIndex={-1}>
        {headline(a)}
      </h3>
      <p>
        <Place alert={a} />
      </p>
    </header>
  )
}

/** "COD 91,2 mg/L, 1,35 lần giới hạn"; where nothing was measured, what the server says of it. */
function headline(a: Alert): string {
  const w = words.value
  if (!a.parameter || a.value === null) return w.text(a.summary) || ruleName(a, w)
  const value = withUnit(w.measured(a.value, decimalsOf(a.parameter, parameters.value)), a.unit)
  const ratio = ratioText(a, w)
  return `${shortName(a.parameter, parameters.value, w)} ${value}${ratio && `, ${ratio}`}`
}

function Place({ alert: a }: { alert: Alert }) {
  const w = words.value
  const station = stationOf(a)
  const park = parkName(a.park, w)
  return (
    <>
      {station ? (
        <Link page="map" query={{ station, alert: a.id }}>
          {placeName(a, w)}
        </Link>
      ) : (
        <b>{placeName(a, w)}</b>
      )}
      {park && a.scope !== 'park' && <span class="soft"> · {park}</span>}
    </>
  )
}

/** Why nobody was told of it, or what became of it. */
function State({ alert: a }: { alert: Alert }) {
  const w = words.value
  const mute = a.silenced_by ? byId.value.get(a.silenced_by) : undefined
  const why = a.inhibited_by ? openAlerts.value.get(a.inhibited_by) : undefined
  return (
    <ul class="standing">
      {a.silenced_by && (
        <li>
          {mute
            ? w.t(`standing.${mute.kind}`, { reason: mute.reason, until: w.date(mute.to), who: mute.by || '?' })
            : w.t('standing.muted')}{' '}
          <Link page="silences" query={{ mute: a.silenced_by }}>
            {w.t('standing.see')}
          </Link>
        </li>
      )}
      {a.inhibited_by && (
        <li>
          {w.t('standing.inhibited')}{' '}
          <Link page="alerts" query={{ alert: a.inhibited_by }}>
            {why ? w.text(why.summary) || placeName(why, w) : w.t('standing.see_alert')}
          </Link>
        </li>
      )}
      {a.merged_into && (
        <li>
          {w.t('standing.merged')}{' '}
          <Link page="alerts" query={{ alert: a.merged_into }}>
            {w.t('standing.see_alert')}
          </Link>
        </li>
      )}
      {a.state === 'withdrawn' && <li>{w.t('standing.withdrawn')}</li>}
      {a.late && <li>{w.t('standing.late')}</li>}
      {a.escalated_at && <li>{w.t('standing.escalated', { when: w.date(a.escalated_at) })}</li>}
    </ul>
  )
}

function Facts({ alert: a, timeline }: { alert: Alert; timeline: readonly Moment[] | null }) {
  const w = words.value
  const decimals = decimalsOf(a.parameter, parameters.value)
  const figure = (v: number) => withUnit(w.measured(v, decimals), a.unit)
  const rows: [string, string, string][] = []
  const add = (name: string, text: string, note = '') => {
    rows.push([name, text, note])
  }
  add(w.t('fact.since'), w.moment(a.opened_at), w.ago(a.opened_at, now.value))
  if (a.resolved_at) add(w.t('fact.ended'), w.moment(a.resolved_at), a.cause && w.t('fact.cause', { cause: a.cause }))
  if (a.closed_by) add(w.t('fact.closed_by'), a.closed_by)
  if (a.limit !== null) add(w.t('fact.limit'), withUnit(bound(a.limit, w), a.unit), reference(a))
  if (a.peak_value !== null) add(w.t('fact.peak'), figure(a.peak_value), w.t(`severity.${a.peak_severity}`))
  if (a.parameter) add(w.t('fact.measured'), w.moment(a.measured_at), a.flags.map((f) => w.named('flag', f)).join(', '))
  if (a.acknowledged_at)
    add(w.t('fact.acknowledged'), a.acknowledged_by || w.t('alert.sending'), w.date(a.acknowledged_at))
  if (a.assignee) add(w.t('fact.assignee'), a.assignee)
  if (timeline) add(w.t('fact.told'), toldText(a, timeline))
  return (
    <>
      <dl class="facts-grid">
        {rows.map(([name, text, note]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {text}
              {note && <small>{note}</small>}
            </dd>
          </div>
        ))}
      </dl>
      <p class="basis-why">
        <b>{ruleName(a, w)}.</b> {w.said('basis_why', a.basis)}
      </p>
    </>
  )
}

function toldText(a: Alert, timeline: readonly Moment[]): string {
  const w = words.value
  const { all, reached } = toldOf(timeline)
  if (all > 0) return w.t('fact.told_of', { n: w.count(reached), all: w.count(all) })
  return w.t(a.notified ? 'fact.told_nowhere' : 'fact.told_no')
}

function reference(a: Alert): string {
  const w = words.value
  if (!a.limit_reference) return ''
  return `${a.limit_reference}, ${w.t(a.limit_verified ? 'alert.verified' : 'alert.unverified')}`
}

/** With an outage: the stations that it silences. */
function Explained({ alert: a }: { alert: Alert }) {
  const w = words.value
  const beneath = [...openAlerts.value.values()].filter((c) => c.inhibited_by === a.id)
  if (beneath.length === 0) return null
  return (
    <section aria-label={w.t('alerts.explained')}>
      <h3>{w.t('alert.explains', { n: beneath.length })}</h3>
      <ul class="explained">
        {beneath.map((c) => {
          const station = stationOf(c)
          const last = station ? newestOf(station) : null
          return (
            <li key={c.id}>
              <button type="button" class="link" onClick={() => choose(c.id)}>
                {placeName(c, w)}
              </button>
              {last !== null && <small>{w.t('fact.last', { when: w.ago(last, now.value) })}</small>}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function newestOf(station: string): number | null {
  const times = Object.values(stations.value.get(station)?.latest ?? {}).map((v) => Date.parse(v.measured_at))
  return times.length > 0 ? Math.max(...times) : null
}
