import { useSignal } from '@preact/signals'
import { Link } from '../../parts/link.tsx'
import { stations, words } from '../../state.ts'
import type { BacktestReport } from '../../wire-rules.ts'
import { type Lane, lanes, type Mark } from './picture.ts'

const FIRST = 12

/** Each alert of both sides over time, a lane for each station: above the rule in force, below the draft. */
export function Lanes({ report: r }: { report: BacktestReport }) {
  const w = words.value
  const all = useSignal(false)
  const list = lanes(r)
  if (list.length === 0) return null
  const shown = all.value ? list : list.slice(0, FIRST)
  return (
    <figure class="lanes">
      <figcaption>
        <h4>{w.t('trial.timeline')}</h4>
        <Key both={r.in_force !== null} />
      </figcaption>
      <ul>
        {shown.map((l) => (
          <Row key={l.station} lane={l} both={r.in_force !== null} />
        ))}
      </ul>
      <p class="ends in-lanes">
        <span>{w.fullDay(r.from)}</span>
        <span>{w.fullDay(r.to)}</span>
      </p>
      {shown.length < list.length && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            all.value = true
          }}
        >
          {w.t('trial.more_lanes', { n: w.count(list.length - shown.length) })}
        </button>
      )}
    </figure>
  )
}

function Key({ both }: { both: boolean }) {
  const w = words.value
  return (
    <ul class="key">
      {both && (
        <li>
          <svg viewBox="0 0 22 12" aria-hidden="true">
            <rect class="before" x="1" y="1" width="20" height="4" />
          </svg>
          {w.t('trial.before')}
        </li>
      )}
      <li>
        <svg viewBox="0 0 22 12" aria-hidden="true">
          <rect class="after" x="1" y="7" width="20" height="4" />
        </svg>
        {w.t('trial.after')}
      </li>
      {both && (
        <>
          <li>
            <svg viewBox="0 0 22 12" aria-hidden="true">
              <rect class="before alone" x="1.5" y="3" width="19" height="6" />
            </svg>
            {w.t('trial.key_only')}
          </li>
          <li>
            <svg viewBox="0 0 22 12" aria-hidden="true">
              <rect class="before alone missed" x="1.5" y="3" width="19" height="6" />
            </svg>
            {w.t('trial.key_missed')}
          </li>
        </>
      )}
    </ul>
  )
}

function Row({ lane: l, both }: { lane: Lane; both: boolean }) {
  const w = words.value
  const name = w.text(stations.value.get(l.station)?.name) || l.station
  return (
    <li data-lane={l.station}>
      <Link page="map" query={{ station: l.station }}>
        {name}
      </Link>
      <span class="n">{both ? `${l.before.length} → ${l.after.length}` : l.after.length}</span>
      <svg
        class="lane"
        role="img"
        aria-label={w.t('trial.lane_label', { station: name, before: l.before.length, after: l.after.length })}
      >
        <line x1="0" x2="100%" y1="50%" y2="50%" />
        <Marks marks={l.before} side="before" />
        <Marks marks={l.after} side="after" />
      </svg>
    </li>
  )
}

function Marks({ marks, side }: { marks: readonly Mark[]; side: 'before' | 'after' }) {
  const w = words.value
  return (
    <>
      {marks.map(({ span: s, left, width }) => (
        <rect
          key={s.from + (s.parameter ?? '')}
          class={[side, s.alone && 'alone', s.missed && 'missed'].filter(Boolean).join(' ')}
          x={`${left * 100}%`}
          width={`${width * 100}%`}
          y={side === 'before' ? '12%' : '58%'}
          height="30%"
        >
          <title>{`${s.parameter ?? ''} · ${w.t(`severity.${s.severity}`)} · ${w.date(s.from)} – ${w.date(s.to)}`}</title>
        </rect>
      ))}
    </>
  )
}
