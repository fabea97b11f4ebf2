import { chooseParameter, parameter } from '../history.ts'
import { now, parameters, words } from '../state.ts'
import type { Latest, Station } from '../wire.ts'
import { decimalsOf, limitText, shortName } from './figures.ts'
import { Spark } from './spark.tsx'

/** Every parameter with its newest value; pressing one shows its chart. */
export function ParameterTable({ station }: { station: Station }) {
  const w = words.value
  return (
    <table class="parameters">
      <thead>
        <tr>
          <th scope="col">{w.t('panel.parameters')}</th>
          <th scope="col" class="num">
            {w.t('panel.value')}
          </th>
          <th scope="col" class="num">
            {w.t('panel.limit')}
          </th>
          <th scope="col">{w.t('panel.ratio')}</th>
          <th scope="col">{w.t('station.day')}</th>
          <th scope="col" class="num">
            {w.t('panel.age')}
          </th>
        </tr>
      </thead>
      <tbody>
        {station.parameters.map((code) => (
          <Row key={code} station={station.id} code={code} latest={station.latest[code]} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ station, code, latest }: { station: string; code: string; latest: Latest | undefined }) {
  const w = words.value
  const p = parameters.value.get(code)
  const chosen = parameter.value === code
  const unit = latest?.unit || p?.unit || ''
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <th scope="row">
        <button
          type="button"
          aria-pressed={chosen}
          title={w.text(p?.name)}
          onClick={() => chooseParameter(station, code)}
        >
          {shortName(code, parameters.value, w)}
        </button>
      </th>
      <td class="num">
        {latest && latest.value !== null ? <b>{w.measured(latest.value, decimalsOf(code, parameters.value))}</b> : '—'}{' '}
        <small>{unit}</small>
        {latest && <Marks latest={latest} />}
      </td>
      <td class="num">{(latest && limitText(latest, w)) ?? <small>{w.t('panel.no_limit')}</small>}</td>
      <td>{latest && latest.ratio !== null && <RatioBar ratio={latest.ratio} />}</td>
      <td>
        <Spark station={station} code={code} over={(latest?.ratio ?? 0) > 1} />
      </td>
      <td class="num age">
        {latest && (
          <time dateTime={latest.measured_at} title={w.date(latest.measured_at)}>
            {w.age(latest.measured_at, now.value)}
          </time>
        )}
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
        <rect class="track" width="60" height="8" rx="1.5" />
        <rect class="bar" width={(Math.min(ratio, SCALE) / SCALE) * 60} height="8" rx="1.5" />
        <path class="mark" d={`M${60 / SCALE} 0v8`} />
      </svg>
      <span>{w.ratio(ratio)}×</span>
    </span>
  )
}
