import { decimalsOf, limitText, shortName } from '../../panels/figures.ts'
import { parameters, words } from '../../state.ts'
import { type Held, isBeyond, limitAt, ratioOf } from './limits.ts'
import type { Value } from './line.ts'
import { bandAt } from './marks.ts'
import { type Drawn, held } from './state.ts'

/** The same as the chart, in figures: newest first. */
export function ValueTable({ of: d }: { of: Drawn }) {
  const w = words.value
  const name = shortName(d.of.parameter, parameters.value, w)
  const unit = parameters.value.get(d.of.parameter)?.unit ?? ''
  const raw = d.step.every === ''
  if (d.line.length === 0) return <p class="empty">{w.t('station.no_values')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section class="value-table" tabIndex={0} aria-label={w.t('station.table')}>
      <table class="grid">
        <caption class="heard">{w.t('station.table_of', { parameter: name, unit: unit || '—' })}</caption>
        <thead>
          <tr>
            <th scope="col">{w.t(raw ? 'col.measured_at' : 'station.window')}</th>
            <th scope="col" class="num">
              {w.t(raw ? 'col.value' : 'station.mean')} {unit && <small>{unit}</small>}
            </th>
            {!raw && (
              <>
                <th scope="col" class="num">
                  {w.t('station.min')}
                </th>
                <th scope="col" class="num">
                  {w.t('station.max')}
                </th>
                <th scope="col" class="num">
                  {w.t('station.readings')}
                </th>
              </>
            )}
            <th scope="col" class="num">
              {w.t('panel.limit')}
            </th>
            <th scope="col" class="num">
              {w.t('station.times')}
            </th>
            <th scope="col">{w.t('station.remark')}</th>
          </tr>
        </thead>
        <tbody>
          {d.line.toReversed().map((v) => (
            <Row key={v.time} of={d} value={v} limit={limitAt(held.value, v.time)} raw={raw} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface RowProps {
  of: Drawn
  value: Value
  limit: Held | null
  raw: boolean
}

function Row({ of: d, value: v, limit, raw }: RowProps) {
  const w = words.value
  const decimals = decimalsOf(d.of.parameter, parameters.value)
  const ratio = ratioOf(limit, v.value)
  const over = isBeyond(limit, v.max) || isBeyond(limit, v.min)
  const band = bandAt(d.bands, v.time)
  const points = d.points.filter((p) => p.time >= v.time && p.time < v.time + d.step.ms)
  const remarks = [
    over ? w.t('station.beyond') : '',
    band ? w.named('status', band.status) : '',
    ...[...new Set(points.map((p) => p.kind))].map((k) => w.t(`mark.${k}`)),
  ].filter(Boolean)
  return (
    <tr class={over ? 'over' : ''}>
      <th scope="row">{raw ? w.moment(v.time) : w.minute(v.time)}</th>
      <td class="num">
        <b>{w.measured(v.value, decimals)}</b>
      </td>
      {!raw && (
        <>
          <td class="num">{w.measured(v.min, decimals)}</td>
          <td class="num">{w.measured(v.max, decimals)}</td>
          <td class="num">{w.count(v.count)}</td>
        </>
      )}
      <td class="num">{limit ? limitText({ limit: null, limit_min: limit.min, limit_max: limit.max }, w) : '—'}</td>
      <td class="num">{ratio === null ? '—' : `${w.ratio(ratio)}×`}</td>
      <td>{remarks.join(', ')}</td>
    </tr>
  )
}
