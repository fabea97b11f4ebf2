import { detail, missing } from '../detail.ts'
import { Link } from '../parts/link.tsx'
import { now, openAlerts, parameters, selectedAlert, words } from '../state.ts'
import type { Moment } from '../wire.ts'
import { Figures, Source } from './alerts.tsx'
import { basisText, decimalsOf, withUnit } from './figures.ts'
import { SeveritySign } from './sign.tsx'

/** One alert: what it says, what it rests on, and what has happened with it. */
export function AlertDetailView() {
  const w = words.value
  const id = selectedAlert.value
  const held = detail.value?.id === id ? detail.value : null
  const a = (id ? openAlerts.value.get(id) : undefined) ?? held
  if (!a && id && missing.value === id) return <p class="message">{w.t('alert.not_there')}</p>
  if (!a) return <p class="message">{w.t('app.loading')}</p>
  const ended = a.state !== 'open' || !openAlerts.value.has(a.id)
  return (
    <section class={`detail alert ${a.severity}`} data-detail={a.id}>
      <div class="line">
        <SeveritySign severity={a.severity} />
        <span class="basis">{basisText(a, w)}</span>
        <Link page="alerts" query={{ alert: a.id }} class="link">
          {w.t('alert.in_full')}
        </Link>
        <button
          type="button"
          class="link"
          onClick={() => {
            selectedAlert.value = null
          }}
        >
          {w.t('alert.close')}
        </button>
      </div>
      <p class="summary">{w.text(a.summary)}</p>
      <Figures alert={a} />
      <Source alert={a} />
      <p class="note">
        {w.t('alert.opened_at')} {w.date(a.opened_at)} ({w.ago(a.opened_at, now.value)}) · {w.t('alert.rule')}:{' '}
        {w.text(a.rule_name) || a.rule}
        {a.peak_value !== null &&
          ` · ${w.t('alert.peak', { value: withUnit(w.measured(a.peak_value, decimalsOf(a.parameter, parameters.value)), a.unit) })}`}
      </p>
      {a.basis === 'value' && <p class="note">{w.t('alert.basis_note')}</p>}
      {ended && <p class="note">{w.t('alert.gone')}</p>}
      {held && <Timeline moments={held.timeline} parameter={held.parameter} unit={held.unit} />}
    </section>
  )
}

function Timeline(props: { moments: Moment[]; parameter: string | null; unit: string | null }) {
  const w = words.value
  return (
    <>
      <h3>{w.t('alert.timeline')}</h3>
      <ol class="timeline">
        {[...props.moments].reverse().map((m, i) => (
          <li key={props.moments.length - i} class={m.notice ? 'notice' : 'change'}>
            <time dateTime={m.at}>{w.date(m.at)}</time>
            <span>
              <b>{w.named('event', m.type)}</b>
              {m.severity && !m.notice && <> · {w.t(`severity.${m.severity}`)}</>}
              {typeof m.value === 'number' && (
                <> · {withUnit(w.measured(m.value, decimalsOf(props.parameter, parameters.value)), props.unit)}</>
              )}
              {typeof m.ratio === 'number' && <> · {w.ratio(m.ratio)}×</>}
              {m.by && <> · {m.by}</>}
              {m.comment && <>: {m.comment}</>}
              {m.notice && <NoticeText moment={m} />}
            </span>
          </li>
        ))}
      </ol>
    </>
  )
}

function NoticeText({ moment }: { moment: Moment }) {
  const w = words.value
  const n = moment.notice
  if (!n) return null
  const done = n.status >= 200 && n.status < 300
  return (
    <>
      {' '}
      {w.t('notice.to', { name: n.name || n.webhook, attempt: n.attempt })}:{' '}
      {w.t(done ? 'notice.delivered' : 'notice.failed')}
      {n.status > 0 && ` (HTTP ${n.status})`}
      {n.error && <small> {n.error}</small>}
    </>
  )
}
