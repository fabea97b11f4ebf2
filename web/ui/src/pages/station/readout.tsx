import type { Words } from '../../i18n/format.ts'
import { decimalsOf, limitText, withUnit } from '../../panels/figures.ts'
import { parameters, stations, words } from '../../state.ts'
import type { Parameter } from '../../wire.ts'
import { type Held, isBeyond, limitAt, ratioOf } from './limits.ts'
import type { Value } from './line.ts'
import { bandAt } from './marks.ts'
import { namesOf } from './model.ts'
import { containing, nearest } from './nearest.ts'
import { OVERLAYS } from './span.ts'
import { type Drawn, held } from './state.ts'

/** The figures at the time that is pointed at, or what one point is. It keeps its height, so that nothing jumps. */
export function Readout({ of: d, at }: { of: Drawn; at: number | null }) {
  const w = words.value
  const names = namesOf(d, { words: w, parameters: parameters.value, stations: stations.peek() })
  if (at === null)
    return (
      <p class="readout idle">
        {w.t(d.step.every === '' ? 'station.each_value' : 'station.each_mean', { step: stepText(d.step.ms, w) })}
      </p>
    )
  const lines: readonly (Value | null)[] = [
    nearest(d.line, at, d.step.ms / 2),
    ...d.overlays.map((o) => containing(o.line, at, OVERLAYS[o.name])),
    ...d.compared.map((c) => nearest(c.line, at, d.step.ms)),
  ]
  const limit = limitAt(held.value, at)
  const band = bandAt(d.bands, at)
  const point = d.points.find((p) => Math.abs(p.time - at) <= d.step.ms / 2)
  const main = lines[0]
  return (
    <p class="readout">
      <time dateTime={new Date(at).toISOString()}>{w.moment(at)}</time>
      {names.map((n, i) => {
        const v = lines[i]
        if (!v || n.left) return null
        const parameter =
          i > d.overlays.length ? (d.compared[i - 1 - d.overlays.length]?.of.parameter ?? '') : d.of.parameter
        const text = withUnit(w.measured(v.value, decimalsOf(parameter, parameters.value)), n.unit)
        return (
          <span key={n.key} class={i === 0 && isBeyond(limit, v.value) ? 'over' : ''}>
            {n.text} <b>{text}</b>
          </span>
        )
      })}
      {main && main.min !== main.max && (
        <span>
          {w.measured(main.min, decimalsOf(d.of.parameter, parameters.value))}–
          {w.measured(main.max, decimalsOf(d.of.parameter, parameters.value))}
        </span>
      )}
      {main && limit && <Against limit={limit} value={main.value} />}
      {band && <span class="mark">{w.named('status', band.status)}</span>}
      {point && <span class="mark">{w.t(`mark.${point.kind}`)}</span>}
    </p>
  )
}

function Against({ limit, value }: { limit: Held; value: number }) {
  const w = words.value
  const ratio = ratioOf(limit, value)
  const text = limitText({ limit: null, limit_min: limit.min, limit_max: limit.max }, w)
  return (
    <span>
      {w.t('alert.limit', { limit: text ?? '' })}
      {ratio !== null && ` · ${w.ratio(ratio)}×`}
    </span>
  )
}

/** What a listener is told of a point. */
export function said(
  d: Drawn,
  limits: readonly Held[],
  at: number,
  w: Words,
  known: ReadonlyMap<string, Parameter>,
): string {
  const v = nearest(d.line, at, d.step.ms / 2)
  if (!v) return w.moment(at)
  const unit = known.get(d.of.parameter)?.unit ?? ''
  const limit = limitAt(limits, at)
  const band = bandAt(d.bands, at)
  const point = d.points.find((p) => Math.abs(p.time - at) <= d.step.ms / 2)
  return [
    w.moment(at),
    withUnit(w.measured(v.value, decimalsOf(d.of.parameter, known)), unit),
    isBeyond(limit, v.value) ? w.t('station.beyond') : '',
    band ? w.named('status', band.status) : '',
    point ? w.t(`mark.${point.kind}`) : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** "5 phút", "12 giờ". */
export function stepText(ms: number, w: Words): string {
  return w.span(ms)
}
