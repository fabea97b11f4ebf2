import type { MuteState } from '../../mutes/mute.ts'
import { muteState } from '../../mutes/mute.ts'
import { scopeText } from '../../mutes/sentence.ts'
import { mutes, names } from '../../mutes/state.ts'
import { DAY } from '../../parts/zone.ts'
import { refine } from '../../router.ts'
import { present, words } from '../../state.ts'
import type { Mute } from '../../wire.ts'
import { type MonthDay, monthAfter, monthOf, weeks } from './month.ts'
import { kind, month, pointedOut } from './state.ts'

/** Silences and maintenance windows on a calendar: what holds on which day. On a phone the days with something stand below each other. */
export function Month() {
  const w = words.value
  const shown = month.value || monthOf(present.value)
  const items = (mutes.state.value.value ?? []).filter((m) => kind.value === 'any' || m.kind === kind.value)
  const rows = weeks(shown, items)
  const first = rows[0]
  const turn = (by: number) => () => refine({ month: monthAfter(shown, by, present.peek()) })
  return (
    <section class="month" aria-label={w.t('silences.calendar')}>
      <div class="month-head">
        <button type="button" class="quiet" aria-label={w.t('silences.month_before')} onClick={turn(-1)}>
          ‹
        </button>
        <h3 aria-live="polite">{w.monthTitle(`${shown}-01T12:00:00+07:00`)}</h3>
        <button type="button" class="quiet" aria-label={w.t('silences.month_after')} onClick={turn(1)}>
          ›
        </button>
        {shown !== monthOf(present.value) && (
          <button type="button" class="link" onClick={() => refine({ month: '' })}>
            {w.t('silences.month_now')}
          </button>
        )}
      </div>
      <table>
        <thead>
          <tr>
            {first?.map((d) => (
              <th key={d.at} scope="col">
                {w.weekday(d.at)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((week) => (
            <tr key={week[0]?.at}>
              {week.map((d) => (
                <Day key={d.at} day={d} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Day({ day: d }: { day: MonthDay }) {
  const w = words.value
  const today = present.value >= d.at && present.value < d.at + DAY
  const shape = [d.within ? '' : 'other', today ? 'today' : '', d.items.length === 0 ? 'free' : '']
  return (
    <td class={shape.filter(Boolean).join(' ')} aria-current={today ? 'date' : undefined}>
      <p class="date">
        <span class="weekday">{w.weekday(d.at)} </span>
        {d.date}
        <span class="weekday">/{Number(monthOf(d.at).slice(5))}</span>
      </p>
      {d.items.length > 0 && (
        <ul>
          {d.items.map((m) => (
            <Item key={m.id} mute={m} day={d.at} />
          ))}
        </ul>
      )}
    </td>
  )
}

/** A crossed-out bell and a spanner, as few lines as they need. */
const SIGNS = {
  silence: 'M2 9h8L9 7.5V5a3 3 0 0 0-6 0v2.5ZM1.5 1.5l9 9',
  maintenance: 'M8.2 1.6a2.6 2.6 0 0 0-2.6 3.6L1.5 9.3l1.2 1.2 4.1-4.1a2.6 2.6 0 0 0 3.6-2.6L8.8 5.4 7.2 4.8 6.6 3.2Z',
}

/** The sign of its kind, what it holds back, and the hour where it begins or ends on that day. */
function Item({ mute: m, day }: { mute: Mute; day: number }) {
  const w = words.value
  const state: MuteState = muteState(m, present.value)
  const from = Date.parse(m.from)
  const to = Date.parse(m.to)
  const begins = from >= day ? w.time(m.from) : ''
  const ends = to <= day + DAY ? w.time(m.to) : ''
  const scope = scopeText(m.matcher, names.value, w)
  return (
    <li class={`${m.kind} ${state}`}>
      <button
        type="button"
        title={`${scope} · ${m.reason}`}
        aria-current={pointedOut.value === m.id ? 'true' : undefined}
        onClick={() => refine({ view: '', mute: m.id })}
      >
        <svg viewBox="0 0 12 12" aria-hidden="true">
          <path d={SIGNS[m.kind]} />
        </svg>
        <span class="heard">{w.t(`silences.${m.kind}`)}: </span>
        {(begins || ends) && <b>{begins && ends ? `${begins}–${ends}` : begins ? `${begins} →` : `→ ${ends}`} </b>}
        {scope}
      </button>
    </li>
  )
}
