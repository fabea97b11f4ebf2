import { decimalsOf, withUnit } from '../../panels/figures.ts'
import { parameters, words } from '../../state.ts'
import { summaryOf } from './line.ts'
import { drawn, held, main } from './state.ts'

/** Received data below this share is too little to judge by. */
const ENOUGH = 0.8

/** The span in a few figures. */
export function Summary() {
  const w = words.value
  const d = drawn.state.value.value
  const { station, parameter } = main.value
  if (!d || d.of.station !== station || d.of.parameter !== parameter) return <dl class="summary" />
  const s = summaryOf(d.line, held.value, d.span, { step: d.step.ms, cycle: d.cycle })
  if (!s) return null
  const unit = parameters.value.get(parameter)?.unit ?? ''
  const figure = (v: number) => withUnit(w.measured(v, decimalsOf(parameter, parameters.value)), unit)
  const percent = (share: number) => `${w.number(Math.floor(share * 1000) / 10, 1)} %`
  const limited = held.value.length > 0
  return (
    <dl class="summary">
      <Figure name={w.t('station.mean')} text={figure(s.mean)} />
      <Figure name={w.t('station.min')} text={figure(s.min)} />
      <Figure name={w.t('station.max')} text={figure(s.max)} />
      {limited && (
        <Figure
          name={w.t('station.beyond')}
          text={w.t('station.points_of', { n: w.count(s.beyond), all: w.count(s.points) })}
          bad={s.beyond > 0}
        />
      )}
      {s.share !== null && (
        <Figure
          name={w.t('station.share')}
          text={percent(s.share)}
          note={s.share < ENOUGH ? w.t('station.too_little') : ''}
          bad={s.share < ENOUGH}
        />
      )}
    </dl>
  )
}

function Figure({ name, text, note = '', bad = false }: { name: string; text: string; note?: string; bad?: boolean }) {
  return (
    <div class={bad ? 'bad' : ''}>
      <dt>{name}</dt>
      <dd>
        {text}
        {note && <small>{note}</small>}
      </dd>
    </div>
  )
}
