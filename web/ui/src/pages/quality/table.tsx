import { useSignal } from '@preact/signals'
import { Empty } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { parameters, words } from '../../state.ts'
import { FIGURES, type StationFigures } from '../../wire-quality.ts'
import type { Column } from './figures.ts'
import { Bar, Share } from './mark.tsx'
import { sentence } from './sentence.ts'
import { chosen, lines, parkName, sorting, stationName } from './state.ts'

/** The worst come first: the rest is a press away. */
const FIRST = 25

/** One line for each station. */
export function Stations({ all }: { all: number }) {
  const w = words.value
  const most = useSignal(FIRST)
  const shown = lines.value.slice(0, most.value)
  return (
    <section class="by-station" aria-label={w.t('six.stations')}>
      <h3>
        {w.t('six.stations')} <small>{w.t('six.shown', { n: w.count(lines.value.length), all: w.count(all) })}</small>
      </h3>
      {shown.length === 0 && <Empty text={w.t('six.none_match')} />}
      {shown.length > 0 && (
        <table class="grid stacked six-lines">
          <thead>
            <tr>
              <Head column="station" text={w.t('col.station')} />
              {FIGURES.map((name) => (
                <Head key={name} column={name} text={`${w.t(`six.${name}`)} %`} numeric />
              ))}
              <Head column="todo" text={w.t('six.todo')} />
            </tr>
          </thead>
          <tbody>
            {shown.map((s) => (
              <Line key={s.station} of={s} />
            ))}
          </tbody>
        </table>
      )}
      {lines.value.length > shown.length && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            most.value += 5 * FIRST
          }}
        >
          {w.t('load.more')}
        </button>
      )}
    </section>
  )
}

function Head({ column, text, numeric = false }: { column: Column; text: string; numeric?: boolean }) {
  const { by, down } = sorting.value
  const on = by === column
  const press = () => {
    sorting.value = { by: column, down: on ? !down : false }
  }
  return (
    <th scope="col" class={numeric ? 'num' : ''} aria-sort={on ? (down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" onClick={press}>
        {text}
        <span aria-hidden="true">{on ? (down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  )
}

function Line({ of: s }: { of: StationFigures }) {
  const w = words.value
  const name = stationName(s.station)
  const weighty = s.todo.filter((t) => t.code !== 'calibration_unknown')
  const [first] = weighty
  return (
    <tr class={chosen.value === s.station ? 'on' : ''} data-station-line={s.station}>
      <th scope="row">
        <button
          type="button"
          class="link"
          aria-label={w.t('six.look', { station: name })}
          aria-pressed={chosen.value === s.station}
          onClick={() => refine({ station: chosen.value === s.station ? '' : s.station }, 'push')}
        >
          {name}
        </button>{' '}
        <small>{parkName(s.park)}</small>
      </th>
      {FIGURES.map((figure) => (
        <td key={figure} class="num" data-label={w.t(`six.${figure}`)}>
          <Share name={figure} of={s} />
          {figure === 'complete' && s.complete.value !== null && <Bar name="complete" of={s} floor />}
        </td>
      ))}
      <td class="first-todo" data-label={w.t('six.todo')}>
        {first && sentence(first, w, parameters.value)}
        {weighty.length > 1 && <small> +{weighty.length - 1}</small>}
      </td>
    </tr>
  )
}
