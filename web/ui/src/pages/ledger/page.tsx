import '../../styles/ledger.css'
import { useEffect } from 'preact/hooks'
import { csv, save } from '../../parts/csv.ts'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { compact } from '../../parts/zone.ts'
import { words } from '../../state.ts'
import type { Ledger } from '../../wire-doors.ts'
import { missing, sum } from './books.ts'
import { Conflicts } from './conflicts.tsx'
import { Controls } from './controls.tsx'
import { Gaps } from './gaps.tsx'
import { followLedger, ledger, lines, refresh, span, stationName } from './state.ts'
import { Lines } from './table.tsx'
import { Totals } from './totals.tsx'

/** The balanced books: everything received is in exactly one place. */
export function LedgerPage() {
  const w = words.value
  useEffect(followLedger, [])
  const { status, value, error } = ledger.state.value
  const { from, to, valid } = span.value
  return (
    <PageFrame name="ledger" title={w.t('page.ledger')} lead={w.t('ledger.lead')} acts={<Acts />}>
      <Controls />
      {!valid && <p role="alert">{w.t('ledger.bad_range')}</p>}
      {valid && (
        <>
          <p class="span">{w.t('ledger.span', { from: w.moment(from), to: w.moment(to) })}</p>
          {status === 'failed' && <Failed error={error} again={refresh} />}
          {status === 'loading' && !value && <Waiting />}
          {value && status !== 'failed' && <Books ledger={value} stale={status === 'loading'} />}
        </>
      )}
    </PageFrame>
  )
}

function Books({ ledger: l, stale }: { ledger: Ledger; stale: boolean }) {
  const w = words.value
  if (l.items.length === 0 && l.total.received === 0) return <Empty text={w.t('ledger.none')} />
  return (
    <div class={stale ? 'books stale' : 'books'} aria-busy={stale}>
      <Totals ledger={l} />
      <Conflicts />
      <Lines all={l.items.length} />
      <Gaps />
    </div>
  )
}

function Acts() {
  const w = words.value
  const { status, value } = ledger.state.value
  return (
    <>
      <button type="button" class="quiet" disabled={status === 'loading'} onClick={refresh}>
        {w.t(status === 'loading' ? 'load.refreshing' : 'load.refresh')}
      </button>
      <button type="button" class="quiet" disabled={!value} onClick={() => window.print()}>
        {w.t('act.print')}
      </button>
      <button type="button" class="quiet" disabled={!value} onClick={exportLines}>
        {w.t('ledger.csv')}
      </button>
    </>
  )
}

/** The lines that are shown, as they are shown, under names that do not change with the language. */
function exportLines(): void {
  const { from, to } = span.peek()
  const head = [
    'gateway',
    'station',
    'station_name',
    'received',
    'stored',
    'quarantined',
    'duplicate',
    'revised',
    'sum',
    'missing',
  ]
  const rows = lines
    .peek()
    .map((l) => [
      l.gateway,
      l.station,
      stationName(l.station),
      l.received,
      l.stored,
      l.quarantined,
      l.duplicate,
      l.revised,
      sum(l),
      missing(l),
    ])
  save(`quantrac-ledger-${compact(from)}-${compact(to)}.csv`, csv([head, ...rows]))
}
