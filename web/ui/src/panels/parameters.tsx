import { now, parameters, words } from '../state.ts'
import type { Latest, Station } from '../wire.ts'
import { decimalsOf, limitText, shortName } from './figures.ts'
import { Spark } from './spark.tsx'

interface TableProps {
  station: Station
  /** The parameter whose chart is shown. */
  chosen: string | null
  choose: (code: string) => void
}

/** Every parameter as it is now, against its limit, with its day in little. A press shows its chart. */
export function ParameterTable({ station, chosen, choose }: TableProps) {
  const w = words.value
  return (
    <table class="parameters">
      <caption class="heard">{w.t('panel.parameters')}</caption>
      <thead>
        <tr>
          <th scope="col">
            {w.t('col.parameter')} <small>{w.t('panel.limit')}</small>
          </th>
          <th scope="col" class="num">
            {w.t('panel.value')} <small>{w.t('panel.age')}</small>
          </th>
          <th scope="col">{w.t('panel.ratio')}</th>
          <th scope="col">{w.t('station.day')}</th>
        </tr>
      </thead>
      <tbody>
        {station.parameters.map((code) => (
          <Row
            key={code}
            station={station.id}
            code={code}
            latest={station.latest[code]}
            chosen={chosen === code}
            choose={choose}
          />
        ))}
      </tbody>
    </table>
  )
}

interface RowProps {
  station: string
  code: string
  latest: Latest | undefined
  chosen: boolean
  choose: (code: string) => void
}

function Row({ station, code, latest: l, chosen, choose }: RowProps) {
  const w = words.value
  const p = parameters.value.get(code)
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <th scope="row">
        <button type="button" aria-pressed={chosen} title={w.text(p?.name)} onClick={() => choose(code)}>
          {shortName(code, parameters.value, w)}
        </button>
        <small>{(l && limitText(l, w)) ?? w.t('panel.no_limit')}</small>
      </th>
      <td class="num">
        {l && l.value !== null ? <b>{w.measured(l.value, decimalsOf(code, parameters.value))}</b> : '—'}{' '}
        <small class="unit">{l?.unit || p?.unit || ''}</small>
        {l && (
          <time dateTime={l.measured_at} title={w.moment(l.measured_at)}>
            {w.ago(l.measured_at, now.value)}
          </time>
        )}
        {l && <Marks latest={l} />}
      </td>
      <td>{l && l.ratio !== null ? <RatioBar ratio={l.ratio} /> : <span class="none">—</span>}</td>
      <td>
        <Spark station={station} code={code} over={(l?.ratio ?? 0) > 1} />
      </td>
    </tr>
  )
}

/** Device status and quality flags, where they say anything. */
function Marks({ latest }: { latest: Latest }) {
  const w = words.value
  const marks = latest.flags.map((f) => w.named('flag', f))
  if (latest.status !== 'measuring') marks.unshift(w.named('status', latest.status))
  if (marks.length === 0) return null
  return <span class="marks">{marks.join(', ')}</span>
}

/** How far the bar reaches: its scale ends at one and a half times the limit. */
const SCALE = 1.5

/** A bar with the limit marked on it, and the figure in words: the bar alone would be colour and length only. */
export function RatioBar({ ratio }: { ratio: number }) {
  const w = words.value
  return (
    <span class={ratio > 1 ? 'ratio over' : 'ratio'}>
      <svg viewBox="0 0 60 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="60" height="8" rx="1.5" />
        <rect class="bar" width={(Math.min(ratio, SCALE) / SCALE) * 60} height="8" rx="1.5" />
        <path class="bound" d={`M${60 / SCALE} 0v8`} />
      </svg>
      <span>{w.ratio(ratio)}×</span>
    </span>
  )
}
