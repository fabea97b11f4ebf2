import { Failed, Waiting } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import type { DataGap, DataGaps } from '../../wire-quality.ts'
import { chosen, gaps, refresh, stationName } from './state.ts'

/** Stretches without data, the longest first. */
export function Gaps() {
  const w = words.value
  const { status, value, error } = gaps.state.value
  const title = chosen.value ? w.t('six.gaps_of', { station: stationName(chosen.value) }) : w.t('six.gaps')
  return (
    <section class="data-gaps" aria-label={title}>
      <h3>
        {title}{' '}
        {value && value.count > 0 && (
          <small>{w.t('six.gaps_hint', { n: w.count(value.count), age: w.span(value.seconds * 1000) })}</small>
        )}
      </h3>
      {status === 'failed' && <Failed error={error} again={refresh} />}
      {status === 'loading' && !value && <Waiting />}
      {value && status !== 'failed' && <Table of={value} />}
    </section>
  )
}

function Table({ of: g }: { of: DataGaps }) {
  const w = words.value
  if (g.items.length === 0) return <p class="told fine">{w.t('six.gaps_none')}</p>
  return (
    <>
      <table class="grid stacked">
        <thead>
          <tr>
            <th scope="col">{w.t('col.station')}</th>
            <th scope="col" class="num">
              {w.t('six.gap_length')}
            </th>
            <th scope="col">{w.t('six.gap_from')}</th>
            <th scope="col">{w.t('six.gap_to')}</th>
            <th scope="col" class="num">
              {w.t('six.gap_missing')}
            </th>
          </tr>
        </thead>
        <tbody>
          {g.items.map((gap) => (
            <Line key={`${gap.station} ${gap.from}`} of={gap} longest={g.items[0]?.seconds ?? 1} />
          ))}
        </tbody>
      </table>
      {g.count > g.items.length && <p class="note">{w.t('six.gaps_shown', { n: w.count(g.items.length) })}</p>}
    </>
  )
}

function Line({ of: g, longest }: { of: DataGap; longest: number }) {
  const w = words.value
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={() => refine({ station: g.station }, 'push')}>
          {stationName(g.station)}
        </button>
      </th>
      <td class="num length" data-label={w.t('six.gap_length')}>
        <i style={{ width: `${(g.seconds / longest) * 100}%` }} />
        <span>{length(g.seconds)}</span>
      </td>
      <td data-label={w.t('six.gap_from')}>{w.date(g.from)}</td>
      <td data-label={w.t('six.gap_to')}>
        {w.date(g.to)} {g.open && <b class="near">{w.t('six.gap_open')}</b>}
      </td>
      <td class="num" data-label={w.t('six.gap_missing')}>
        {w.count(g.missing)}
      </td>
    </tr>
  )
}

/** Hours and minutes, as long as they are. */
function length(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}
