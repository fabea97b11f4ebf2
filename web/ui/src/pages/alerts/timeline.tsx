import { decimalsOf, withUnit } from '../../panels/figures.ts'
import { parameters, words } from '../../state.ts'
import type { AlertDetail, Notice, Severity } from '../../wire.ts'
import { isLateKnown, type Line, linesOf } from './moments.ts'

/** What happened with an alert, newest first: its changes, what people did and wrote, who was told and whether it arrived. */
export function Timeline({ detail: a }: { detail: AlertDetail }) {
  const w = words.value
  const lines = linesOf(a.timeline)
  return (
    <section class="history" aria-label={w.t('alert.timeline')}>
      <h3>{w.t('alert.timeline')}</h3>
      <ol class="moments">
        {lines.map((l) => (
          <li key={l.key} class={l.moment.notice ? 'notice' : l.moment.by ? 'person' : 'change'}>
            <time dateTime={l.moment.at}>{w.date(l.moment.at)}</time>
            <div>{l.moment.notice ? <NoticeLine notice={l.moment.notice} /> : <ChangeLine of={a} line={l} />}</div>
          </li>
        ))}
      </ol>
    </section>
  )
}

function ChangeLine({ of: a, line }: { of: AlertDetail; line: Line }) {
  const w = words.value
  const { moment: m, from } = line
  const facts = [
    m.severity && severityText(m.severity, from),
    typeof m.value === 'number' &&
      !m.by &&
      withUnit(w.measured(m.value, decimalsOf(a.parameter, parameters.value)), a.unit),
    typeof m.ratio === 'number' && !m.by && `${w.ratio(m.ratio)}×`,
  ].filter(Boolean)
  return (
    <>
      <p>
        <b>{w.named('event', m.type)}</b>
        {m.by && <> · {m.by}</>}
        {facts.length > 0 && <> · {facts.join(' · ')}</>}
      </p>
      {isLateKnown(m) && m.event_at && <p class="note">{w.t('moment.late', { when: w.moment(m.event_at) })}</p>}
      {m.comment && <blockquote>{m.comment}</blockquote>}
    </>
  )
}

function severityText(to: Severity, from: Severity | null): string {
  const w = words.value
  if (!from) return w.t(`severity.${to}`)
  return from === to ? '' : `${w.t(`severity.${from}`)} → ${w.t(`severity.${to}`)}`
}

/** A webhook, or an address that is written to. */
function NoticeLine({ notice: n }: { notice: Notice }) {
  const w = words.value
  const good = n.result === 'delivered' || (n.status >= 200 && n.status < 300)
  const bad = n.result === 'dead' || n.result === 'disabled'
  return (
    <>
      <p>
        <b>{w.t('notice.sent', { name: n.name || n.webhook })}</b>
        {' · '}
        <span class={good ? 'good' : bad ? 'bad' : ''}>{w.named('result', n.result)}</span>
        {n.attempt > 1 && <> · {w.t('notice.attempt', { n: n.attempt })}</>}
        {n.status > 0 && !good && !n.error?.includes(String(n.status)) && <> · HTTP {n.status}</>}
      </p>
      <p class="note">
        {w.named('event', n.event)}
        {n.error && <span lang="en"> · {n.error}</span>}
      </p>
    </>
  )
}
