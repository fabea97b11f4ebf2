import { limitText, withUnit } from '../../panels/figures.ts'
import { parameters, words } from '../../state.ts'
import { held, main } from './state.ts'

/** Which limit holds in the span that is shown, from when to when, and whether somebody has compared it with the law. */
export function Law() {
  const w = words.value
  const unit = parameters.value.get(main.value.parameter)?.unit ?? ''
  if (held.value.length === 0) return <p class="law note">{w.t('station.no_law')}</p>
  return (
    <ul class="law">
      {held.value.map((l) => (
        <li key={l.from}>
          <b>{withUnit(limitText({ limit: null, limit_min: l.min, limit_max: l.max }, w) ?? '', unit)}</b> {l.reference}
          <small>
            {[validity(l.from, l.to), w.t(l.verified ? 'alert.verified' : 'alert.unverified')]
              .filter(Boolean)
              .join(' · ')}
          </small>
        </li>
      ))}
    </ul>
  )
}

function validity(from: number, to: number): string {
  const w = words.value
  if (Number.isFinite(from) && Number.isFinite(to))
    return w.t('station.valid_between', { from: w.fullDay(from), to: w.fullDay(to - 1) })
  if (Number.isFinite(from)) return w.t('station.valid_from', { from: w.fullDay(from) })
  return Number.isFinite(to) ? w.t('station.valid_to', { to: w.fullDay(to - 1) }) : ''
}
