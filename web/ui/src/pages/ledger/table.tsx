import { useSignal } from '@preact/signals'
import { Link } from '../../parts/link.tsx'
import { Empty } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import type { LedgerLine } from '../../wire-doors.ts'
import { type Column, missing, off, sum } from './books.ts'
import { lines, sorting, stationName } from './state.ts'
import { Tick } from './totals.tsx'

const FIRST = 200
const NUMBERS = ['received', 'stored', 'quarantined', 'duplicate', 'revised'] as const

/** One line for each gateway and station. */
export function Lines({ all }: { all: number }) {
  const w = words.value
  const most = useSignal(FIRST)
  const shown = lines.value.slice(0, most.value)
  return (
    <section class="lines" aria-label={w.t('ledger.lines')}>
      <h3>
        {w.t('ledger.lines')}{' '}
        <small>{w.t('ledger.shown', { n: w.count(lines.value.length), all: w.count(all) })}</small>
      </h3>
      {shown.length === 0 ? (
        <Empty text={w.t('ledger.none_match')} />
      ) : (
        <table class="grid ledger-lines">
          <thead>
            <tr>
              <Head column="gateway" text={w.t('col.gateway')} />
              <Head column="station" text={w.t('col.station')} />
              {NUMBERS.map((n) => (
                <Head key={n} column={n} text={w.t(`ledger.${n}`)} numeric />
              ))}
              <th scope="col" class="num">
                {w.t('ledger.sum')}
              </th>
              <Head column="missing" text={w.t('ledger.missing')} numeric />
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <Line key={`${line.gateway} ${line.station}`} line={line} />
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
    sorting.value = { by: column, down: on ? !down : numeric }
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

function Line({ line }: { line: LedgerLine }) {
  const w = words.value
  const bad = off(line) !== 0
  const gone = missing(line)
  const name = stationName(line.station)
  return (
    <tr class={bad ? 'bad' : ''}>
      <td class="who">{line.gateway || <i>{w.t('ledger.no_gateway')}</i>}</td>
      <th scope="row" class="who">
        {line.station === '' ? <i>{w.t('ledger.no_station')}</i> : name || line.station}{' '}
        {name && <small>{line.station}</small>}
      </th>
      <Cell label={w.t('ledger.received')} n={line.received} />
      <Cell label={w.t('ledger.stored')} n={line.stored} />
      <td class="num" data-label={w.t('ledger.quarantined')}>
        {line.quarantined > 0 ? (
          <Link
            page="quarantine"
            query={{ gateway: line.gateway }}
            aria-label={`${w.count(line.quarantined)}, ${w.t('ledger.in_quarantine', { gateway: line.gateway })}`}
          >
            {w.count(line.quarantined)}
          </Link>
        ) : (
          <Zero />
        )}
      </td>
      <Cell label={w.t('ledger.duplicate')} n={line.duplicate} />
      <td class="num" data-label={w.t('ledger.revised')}>
        {line.revised > 0 && line.station !== '' ? (
          <button
            type="button"
            class="link"
            aria-label={`${w.count(line.revised)}, ${w.t('ledger.conflicts_show', { station: name || line.station })}`}
            onClick={() => refine({ conflicts: line.station }, 'push')}
          >
            {w.count(line.revised)}
          </button>
        ) : (
          <Count n={line.revised} />
        )}
      </td>
      <td class="num sum" data-label={w.t('ledger.sum')}>
        {w.count(sum(line))}{' '}
        {bad ? (
          <b class="wrong">≠ {w.t('ledger.unbalanced')}</b>
        ) : (
          <span class="balanced">
            <Tick />
            <span class="heard">{w.t('ledger.balanced')}</span>
          </span>
        )}
      </td>
      <td class={gone > 0 ? 'num near' : 'num'} data-label={w.t('ledger.missing')}>
        <Count n={gone} />
      </td>
    </tr>
  )
}

function Cell({ label, n }: { label: string; n: number }) {
  return (
    <td class="num" data-label={label}>
      <Count n={n} />
    </td>
  )
}

function Count({ n }: { n: number }) {
  return n === 0 ? <Zero /> : <span>{words.value.count(n)}</span>
}

/** Zeros step back, so that what is not zero stands out. */
function Zero() {
  return <span class="zero">0</span>
}
