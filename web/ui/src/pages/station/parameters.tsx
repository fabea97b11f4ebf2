import { decimalsOf, limitText, shortName } from '../../panels/figures.ts'
import { RatioBar } from '../../panels/parameters.tsx'
import { Spark } from '../../panels/spark.tsx'
import { now, parameters, words } from '../../state.ts'
import type { Latest, Station } from '../../wire.ts'
import { parameter, showParameter } from './state.ts'

/** Every parameter as it is now, with its day in little. A press shows its chart. */
export function Parameters({ station }: { station: Station }) {
  const w = words.value
  return (
    <table class="grid station-parameters">
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
          <Row key={code} station={station.id} code={code} latest={station.latest[code]} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ station, code, latest: l }: { station: string; code: string; latest: Latest | undefined }) {
  const w = words.value
  const p = parameters.value.get(code)
  const chosen = parameter.value === code
  const over = (l?.ratio ?? 0) > 1
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <th scope="row">
        <button type="button" aria-pressed={chosen} title={w.text(p?.name)} onClick={() => showParameter(code)}>
          {shortName(code, parameters.value, w)}
        </button>
        <small>{(l && limitText(l, w)) ?? w.t('station.no_limit')}</small>
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
      <td>{l && l.ratio !== null ? <RatioBar ratio={l.ratio} /> : <span class="soft">—</span>}</td>
      <td>
        <Spark station={station} code={code} over={over} />
      </td>
    </tr>
  )
}

/** Device status and quality flags, where they say anything. */
function Marks({ latest }: { latest: Latest }) {
  const w = words.value
  const marks = latest.flags.map((f) => w.named('flag', f))
  if (latest.status !== 'measuring') marks.unshift(w.named('status', latest.status))
  return marks.length > 0 ? <span class="marks">{marks.join(', ')}</span> : null
}
