import { useComputed, useSignal } from '@preact/signals'
import { Link } from '../../parts/link.tsx'
import { words } from '../../state.ts'
import { gapsOf } from './books.ts'
import { lines, stationName } from './state.ts'

const FIRST = 50

/** Sequence numbers that never arrived, with the time of the messages around them. */
export function Gaps() {
  const w = words.value
  const most = useSignal(FIRST)
  const gaps = useComputed(() => gapsOf(lines.value)).value
  return (
    <section class="gaps" aria-label={w.t('ledger.gaps')}>
      <h3>
        {w.t('ledger.gaps')} <small>{gaps.length > 0 ? w.t('ledger.gaps_hint') : ''}</small>
      </h3>
      {gaps.length === 0 && <p class="told fine">{w.t('ledger.gaps_none')}</p>}
      <ul>
        {gaps.slice(0, most.value).map((g) => (
          <li key={`${g.station} ${g.from} ${g.to}`}>
            <b>{w.t('ledger.gap_missing', { n: w.count(g.missing) })}</b>
            <span>{w.t('ledger.gap_between', { from: w.moment(g.from), to: w.moment(g.to) })}</span>
            <Link page="map" query={{ station: g.station }}>
              {stationName(g.station) || g.station}
            </Link>
          </li>
        ))}
      </ul>
      {gaps.length > most.value && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            most.value += 10 * FIRST
          }}
        >
          {w.t('load.more')}
        </button>
      )}
    </section>
  )
}
