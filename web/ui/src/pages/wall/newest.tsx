import { placeName } from '../../alert.ts'
import { fresh } from '../../news.ts'
import { basisText, decimalsOf, shortName, withUnit } from '../../panels/figures.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { now, openAlerts, parameters, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { newest } from './focus.ts'

/** As many as fit. */
const SHOWN = 6

export function Newest() {
  const w = words.value
  const all = openAlerts.value
  const shown = newest(all.values(), SHOWN)
  if (all.size === 0) return <p class="wall-none">{w.t('wall.none')}</p>
  return (
    <>
      <ul>
        {shown.map((a) => (
          <Line key={a.id} alert={a} />
        ))}
      </ul>
      {all.size > shown.length && <p class="wall-more">{w.t('wall.more', { n: all.size - shown.length })}</p>}
    </>
  )
}

function Line({ alert: a }: { alert: Alert }) {
  const w = words.value
  const what = a.parameter ? shortName(a.parameter, parameters.value, w) : basisText(a, w)
  return (
    <li class={`alert ${a.severity}${fresh(a, now.value) ? ' fresh' : ''}`} data-alert={a.id}>
      <p>
        <SeveritySign severity={a.severity} />
        <time dateTime={a.opened_at}>{w.ago(a.opened_at, now.value)}</time>
      </p>
      <p class="wall-where">{placeName(a, w)}</p>
      <p class="wall-what">
        {what}
        {a.value !== null && <b> {withUnit(w.measured(a.value, decimalsOf(a.parameter, parameters.value)), a.unit)}</b>}
        {a.ratio !== null && <b> · {w.ratio(a.ratio)}×</b>}
      </p>
    </li>
  )
}
