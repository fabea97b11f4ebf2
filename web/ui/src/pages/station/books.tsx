import { Link } from '../../parts/link.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { toLocal } from '../../parts/zone.ts'
import { words } from '../../state.ts'
import type { LedgerLine } from '../../wire-doors.ts'
import { off } from '../ledger/books.ts'
import { books, id, refresh, span } from './state.ts'

const PARTS = ['received', 'stored', 'duplicate', 'revised', 'quarantined'] as const
/** More gaps than this are for the page of the books. */
const MOST_GAPS = 5

/** What became of everything that came for this station in the span: the books must balance here as well. */
export function BooksCard() {
  const w = words.value
  const { status, value, error } = books.state.value
  const { from, to } = span.value
  const lines = (value?.items ?? []).filter((l) => l.station === id.value)
  return (
    <section class="card own-books" aria-labelledby="books-head">
      <div class="card-head">
        <h3 id="books-head">{w.t('station.books')}</h3>
        <Link
          page="ledger"
          query={{ range: 'own', from: toLocal(from).slice(0, 16), to: toLocal(to).slice(0, 16), q: id.value }}
        >
          {w.t('station.all_books')}
        </Link>
      </div>
      {status === 'failed' && <Failed error={error} again={refresh} />}
      {!value && status === 'loading' && <Waiting />}
      {value && lines.length === 0 && <p class="note">{w.t('station.no_books')}</p>}
      {lines.length > 0 && <Lines of={lines} />}
      {lines.length > 0 && <Gaps of={lines} />}
    </section>
  )
}

function Lines({ of: lines }: { of: readonly LedgerLine[] }) {
  const w = words.value
  return (
    <table class="grid stacked">
      <caption class="heard">{w.t('station.books')}</caption>
      <thead>
        <tr>
          <th scope="col">{w.t('col.gateway')}</th>
          {PARTS.map((p) => (
            <th key={p} scope="col" class="num">
              {w.t(`ledger.${p}`)}
            </th>
          ))}
          <th scope="col">{w.t('station.balance')}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((l) => (
          <tr key={l.gateway}>
            <th scope="row">{l.gateway || '—'}</th>
            {PARTS.map((p) => (
              <td key={p} class="num" data-label={w.t(`ledger.${p}`)}>
                {w.count(l[p])}
              </td>
            ))}
            <td data-label={w.t('station.balance')} class={off(l) === 0 ? 'balanced' : 'over'}>
              {off(l) === 0 ? `✓ ${w.t('station.balanced')}` : w.t('station.off', { n: w.count(off(l)) })}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Gaps({ of: lines }: { of: readonly LedgerLine[] }) {
  const w = words.value
  // Two gateways of one station name the same gaps.
  const known = new Map(lines.flatMap((l) => l.gaps).map((g) => [`${g.from} ${g.to}`, g]))
  const gaps = [...known.values()].sort((a, b) => Date.parse(b.to) - Date.parse(a.to))
  if (gaps.length === 0) return <p class="note">{w.t('station.no_gaps')}</p>
  const more = gaps.length - MOST_GAPS
  return (
    <ul class="own-gaps">
      {gaps.slice(0, MOST_GAPS).map((g) => (
        <li key={`${g.from} ${g.to}`}>
          <b>{w.t('station.gap', { n: w.count(g.missing) })}</b> {w.moment(g.from)} – {w.moment(g.to)}
        </li>
      ))}
      {more > 0 && <li class="soft">{w.t('station.more_gaps', { n: w.count(more) })}</li>}
    </ul>
  )
}
