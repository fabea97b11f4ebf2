import { useSignal } from '@preact/signals'
import { shortName } from '../../panels/figures.ts'
import { Link } from '../../parts/link.tsx'
import { parameters, stations, words } from '../../state.ts'
import type { BacktestReport, BacktestSpan } from '../../wire-rules.ts'
import { differenceOf, differences } from './picture.ts'

const PAGE = 30

/** What only one side sees, what is missed first. */
export function Differences({ report: r }: { report: BacktestReport }) {
  const w = words.value
  const many = useSignal(PAGE)
  if (!r.difference) return null
  const list = differences(r.spans)
  return (
    <section class="differences" aria-label={w.t('trial.differences')}>
      <h4>{w.t('trial.differences')}</h4>
      {list.length === 0 && <p class="note">{w.t('trial.no_difference')}</p>}
      {list.length > 0 && (
        <table class="grid stacked">
          <thead>
            <tr>
              <th scope="col">{w.t('trial.kind')}</th>
              <th scope="col">{w.t('col.station')}</th>
              <th scope="col">{w.t('col.parameter')}</th>
              <th scope="col">{w.t('alert.severity')}</th>
              <th scope="col">{w.t('trial.opened')}</th>
              <th scope="col">{w.t('trial.lasted')}</th>
            </tr>
          </thead>
          <tbody>
            {list.slice(0, many.value).map((s) => (
              <Row key={`${s.side}${s.station}${s.parameter}${s.from}`} span={s} />
            ))}
          </tbody>
        </table>
      )}
      {list.length > many.value && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            many.value += PAGE
          }}
        >
          {w.t('load.more')}
        </button>
      )}
    </section>
  )
}

/** A sign beside each word: plus, minus, and what must not be missed. */
const SIGN = { added: '+', gone: '−', missed: '!' } as const

function Row({ span: s }: { span: BacktestSpan }) {
  const w = words.value
  const kind = differenceOf(s)
  return (
    <tr>
      <th scope="row">
        <span class={`difference ${kind}`}>
          <i aria-hidden="true">{SIGN[kind]}</i> {w.t(`trial.is_${kind}`)}
        </span>
      </th>
      <td data-label={w.t('col.station')}>
        <Link page="map" query={{ station: s.station }}>
          {w.text(stations.value.get(s.station)?.name) || s.station}
        </Link>
      </td>
      <td data-label={w.t('col.parameter')}>{s.parameter ? shortName(s.parameter, parameters.value, w) : '—'}</td>
      <td data-label={w.t('alert.severity')}>{w.t(`severity.${s.severity}`)}</td>
      <td data-label={w.t('trial.opened')}>{w.date(s.from)}</td>
      <td data-label={w.t('trial.lasted')}>{w.span(Date.parse(s.to) - Date.parse(s.from))}</td>
    </tr>
  )
}
