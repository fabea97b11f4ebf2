import { useSignal } from '@preact/signals'
import { Link } from '../../parts/link.tsx'
import { present, words } from '../../state.ts'
import type { Delivery } from '../../wire-notices.ts'
import { DeliveryFrame, useAgain } from './frame.tsx'
import type { Deliveries } from './pager.ts'
import { Since } from './since.tsx'

interface ListProps {
  list: Deliveries<Delivery>
  again: (id: string) => Promise<void>
  /** Sends again all since a time; absent where that cannot be. */
  since?: ((at: string) => Promise<number>) | undefined
  /** The alerts are no page of who looks by a link. */
  linked?: boolean
}

/** What was sent, newest first, and what came of each try. */
export function DeliveryList({ list, again, since, linked = true }: ListProps) {
  const w = words.value
  const asking = useSignal(false)
  const { told, redeliver } = useAgain(list, again)
  return (
    <>
      <DeliveryFrame
        list={list}
        told={told}
        act={
          since && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                asking.value = true
              }}
            >
              {w.t('deliveries.since')}
            </button>
          )
        }
      >
        {(items) => <Table items={items} linked={linked} redeliver={redeliver} />}
      </DeliveryFrame>
      {asking.value && since && (
        <Since
          perform={since}
          onClose={(n) => {
            asking.value = false
            if (n === null) return
            told.value = { text: w.t('deliveries.queued_n', { n }), bad: false }
            list.load()
          }}
        />
      )}
    </>
  )
}

interface TableProps {
  items: readonly Delivery[]
  linked: boolean
  redeliver: (id: string) => void
}

function Table({ items, linked, redeliver }: TableProps) {
  const w = words.value
  return (
    <table class="grid stacked">
      <thead>
        <tr>
          <th scope="col">{w.t('deliveries.at')}</th>
          <th scope="col">{w.t('deliveries.event')}</th>
          <th scope="col">{w.t('deliveries.result')}</th>
          <th scope="col">{w.t('deliveries.answer')}</th>
          <th scope="col">{w.t('col.actions')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((d) => (
          <tr key={`${d.id}/${d.attempt}/${d.at}/${d.state}`} data-delivery={d.id} data-state={d.state}>
            <th scope="row">{w.moment(d.at)}</th>
            <td data-label={w.t('deliveries.event')}>
              <span>
                {linked && d.alert && d.type !== 'webhook.test' ? (
                  <Link page="alerts" query={{ alert: d.alert }}>
                    {w.named('event', d.type)}
                  </Link>
                ) : (
                  w.named('event', d.type)
                )}
                <small class="id">{d.id}</small>
              </span>
            </td>
            <td data-label={w.t('deliveries.result')}>
              <Outcome of={d} />
            </td>
            <td data-label={w.t('deliveries.answer')} class="answer">
              <Answer of={d} />
            </td>
            <td class="row-acts">
              {d.type !== 'webhook.test' && (
                <button
                  type="button"
                  class="link"
                  aria-label={`${w.t('deliveries.again')}: ${w.named('event', d.type)}, ${w.moment(d.at)}`}
                  onClick={() => redeliver(d.id)}
                >
                  {w.t('deliveries.again')}
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const SIGNS: Record<string, string> = {
  delivered: '✓',
  dead: '✕',
  retrying: '↻',
  waiting: '…',
  skipped: '–',
  disabled: '–',
}

/** The result: a sign and its word, which try it was and when the next is. */
export function Outcome({ of: d }: { of: Pick<Delivery, 'state' | 'attempt' | 'next_at'> }) {
  const w = words.value
  return (
    <span class={`result ${d.state}`}>
      <i aria-hidden="true">{SIGNS[d.state]}</i> {w.t(`deliveries.state_${d.state}`)}
      {d.attempt > 0 && <small> {w.t('deliveries.attempt', { n: d.attempt })}</small>}
      {d.next_at && d.state === 'retrying' && <small> {w.t('deliveries.next', { when: untilText(d.next_at) })}</small>}
    </span>
  )
}

function untilText(at: string): string {
  const w = words.value
  return Date.parse(at) - present.value < 86_400_000 ? w.time(at) : w.date(at)
}

function Answer({ of: d }: { of: Delivery }) {
  const w = words.value
  return (
    <span>
      {d.status > 0 && <b>{d.status}</b>} {d.error && <span lang="en">{d.error}</span>}{' '}
      {d.answer && <code title={d.answer}>{d.answer.length > 80 ? `${d.answer.slice(0, 80)}…` : d.answer}</code>}{' '}
      {d.attempt > 0 && <small>{w.t('deliveries.took', { n: w.count(d.duration_ms) })}</small>}
    </span>
  )
}
