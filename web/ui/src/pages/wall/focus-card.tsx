import { worstParameter } from '../../history.ts'
import { decimalsOf, limitText, shortName, withUnit } from '../../panels/figures.ts'
import { SeveritySign, StateSign } from '../../panels/sign.tsx'
import { Pulse } from '../../parts/pulse.tsx'
import { now, parameters, parks, stations, words } from '../../state.ts'
import type { Focus } from './focus.ts'
import { focus, turn, turns } from './state.ts'

/** The station whose turn it is: where, what, how far above which limit, since when. */
export function FocusCard() {
  const f = focus.value
  return f ? <Station focus={f} /> : <Calm />
}

function Calm() {
  const w = words.value
  return (
    <div class="wall-card calm">
      <StateSign state="good" />
      <div>
        <h2>{w.t('wall.calm')}</h2>
        <p>{w.t('wall.calm_hint', { n: stations.value.size })}</p>
      </div>
    </div>
  )
}

function Station({ focus: { station: s, alert } }: { focus: Focus }) {
  const w = words.value
  const i = turns.value.findIndex((f) => f.station.id === s.id)
  return (
    <div class={`wall-card ${s.state}`} data-focus={s.id}>
      <div class="wall-place">
        <StateSign state={s.state} />
        <div>
          <h2>{w.text(s.name)}</h2>
          <p>
            {w.t(`state.${s.state}`)} · {w.text(parks.value.get(s.park)?.name)}
          </p>
        </div>
        <span class="wall-turn">{w.t('wall.of', { i: i + 1, n: turns.value.length })}</span>
      </div>
      <Measured focus={{ station: s, alert }} />
      {alert && (
        <p class={`wall-why alert ${alert.severity}`}>
          <SeveritySign severity={alert.severity} />
          <span>{w.t('wall.since', { when: w.ago(alert.opened_at, now.value) })}</span>
        </p>
      )}
      {turns.value.length > 1 && <i key={turn.value} class="wall-progress" aria-hidden="true" />}
    </div>
  )
}

/** The parameter that the alert is about, as it is now. */
function Measured({ focus: { station: s, alert } }: { focus: Focus }) {
  const w = words.value
  const code = alert?.parameter ?? worstParameter(s)
  const latest = code ? s.latest[code] : undefined
  if (!code || !latest || latest.value === null) return null
  const limit = limitText(latest, w)
  return (
    <div class="wall-figures">
      <p class="wall-value">
        <span>{shortName(code, parameters.value, w)}</span>
        <b>
          <Pulse on={latest.measured_at}>
            {withUnit(w.measured(latest.value, decimalsOf(code, parameters.value)), latest.unit)}
          </Pulse>
        </b>
      </p>
      {latest.ratio !== null && (
        <p class="wall-ratio">
          <b>{w.ratio(latest.ratio)}×</b>
          <span>
            {w.t('wall.times')} {limit}
          </span>
        </p>
      )}
      <p class="wall-age">{w.t('wall.at', { when: w.time(latest.measured_at) })}</p>
    </div>
  )
}
