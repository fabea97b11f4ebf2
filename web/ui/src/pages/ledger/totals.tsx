import { words } from '../../state.ts'
import type { Ledger } from '../../wire-doors.ts'
import { books } from './state.ts'

const PARTS = ['stored', 'quarantined', 'duplicate', 'revised'] as const

/** The equation of the whole, and whether it holds. */
export function Totals({ ledger: { total } }: { ledger: Ledger }) {
  const w = words.value
  const b = books.value
  if (!b) return null
  return (
    <section class={b.good ? 'totals' : 'totals broken'} data-balanced={b.good}>
      <dl class="equation">
        <div>
          <dt>{w.t('ledger.received')}</dt>
          <dd>{w.count(total.received)}</dd>
        </div>
        {PARTS.map((part, i) => (
          <div key={part} class="term" data-sign={i === 0 ? (b.off === 0 ? '=' : '≠') : '+'}>
            <dt>{w.t(`ledger.${part}`)}</dt>
            <dd>{w.count(total[part])}</dd>
          </div>
        ))}
      </dl>
      {b.good ? (
        <p class="verdict good">
          <Tick />
          {w.t('ledger.all_balanced', { received: w.count(total.received), sum: w.count(b.sum) })}
        </p>
      ) : (
        <div class="verdict bad" role="alert">
          <b>{w.t('ledger.unbalanced')}</b>
          <span>
            {[
              b.off !== 0 ? w.t('ledger.unbalanced_by', { n: w.count(b.off) }) : '',
              b.lines > 0 ? w.t('ledger.unbalanced_lines', { n: w.count(b.lines) }) : '',
              b.differ ? w.t('ledger.items_differ') : '',
            ]
              .filter(Boolean)
              .join(' ')}
          </span>
        </div>
      )}
    </section>
  )
}

export function Tick() {
  return (
    <svg class="tick" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3 8.5 6.5 12 13 4.5" />
    </svg>
  )
}
