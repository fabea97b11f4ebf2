import { useEffect, useRef } from 'preact/hooks'
import type { MuteState } from '../../mutes/mute.ts'
import { scopeText } from '../../mutes/sentence.ts'
import { names } from '../../mutes/state.ts'
import { can, now, words } from '../../state.ts'
import type { Mute } from '../../wire.ts'
import { bar, type Calendar, calendar } from './calendar.ts'
import { ending, pointedOut } from './state.ts'

/** One section of the page: each with its sentence, its reason and its place in the calendar. */
export function Section({ state, items }: { state: MuteState; items: readonly Mute[] }) {
  const w = words.value
  const days = calendar(now.value)
  return (
    <section class="mutes" aria-label={w.t(`silences.${state}`)}>
      <div class="mutes-head">
        <h3>
          {w.t(`silences.${state}`)} <span class="n">{items.length}</span>
        </h3>
        {state !== 'expired' && <Days of={days} />}
      </div>
      <ul>
        {items.map((m) => (
          <Line key={m.id} mute={m} state={state} days={days} />
        ))}
      </ul>
    </section>
  )
}

function Days({ of }: { of: Calendar }) {
  const w = words.value
  return (
    <ol class="days" aria-hidden="true">
      {of.days.map((d) => (
        <li key={d} class={now.value >= d && now.value < d + 86_400_000 ? 'today' : ''}>
          {w.day(d)}
        </li>
      ))}
    </ol>
  )
}

function Line({ mute: m, state, days }: { mute: Mute; state: MuteState; days: Calendar }) {
  const w = words.value
  const pointed = pointedOut.value === m.id
  const box = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (pointed) box.current?.scrollIntoView({ block: 'nearest' })
  }, [pointed])
  const mine = can(m.kind === 'maintenance' ? 'admin' : 'officer')
  return (
    <li ref={box} class={`mute ${m.kind} ${state}`} aria-current={pointed ? 'true' : undefined} data-mute={m.id}>
      <div class="mute-text">
        <p>
          <span class="kind">{w.t(`silences.${m.kind}`)}</span> <b>{scopeText(m.matcher, names.value, w)}</b>
        </p>
        <p>{m.reason}</p>
        <p class="note">
          {w.t('silences.span', { from: w.date(m.from), to: w.date(m.to) })}
          {m.by && ` · ${m.by}`}
          {state === 'active' && ` · ${w.t('silences.left', { age: w.span(Date.parse(m.to) - now.value) })}`}
          {state === 'pending' && ` · ${w.t('silences.begins_in', { age: w.span(Date.parse(m.from) - now.value) })}`}
        </p>
      </div>
      {state !== 'expired' && <Track mute={m} days={days} />}
      {state !== 'expired' && mine && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            ending.value = m
          }}
        >
          {w.t(state === 'active' ? 'silences.end' : 'silences.cancel')}
        </button>
      )}
    </li>
  )
}

/** The span in the calendar. What it shows stands in words beside it. */
function Track({ mute: m, days }: { mute: Mute; days: Calendar }) {
  const b = bar(days, Date.parse(m.from), Date.parse(m.to))
  const at = (part: number) => `${part * 100}%`
  const present = (now.value - days.from) / (days.to - days.from)
  return (
    <svg class="track" aria-hidden="true">
      {days.days.map((d, i) => (
        <line key={d} x1={at(i / days.days.length)} x2={at(i / days.days.length)} y1="0" y2="100%" />
      ))}
      {b && <rect x={at(b.left)} width={at(b.width)} y="30%" height="40%" rx={b.earlier || b.later ? 0 : 3} />}
      <line class="now" x1={at(present)} x2={at(present)} y1="0" y2="100%" />
    </svg>
  )
}
