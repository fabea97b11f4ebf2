import { words } from '../../state.ts'
import type { MailDelivery } from '../../wire-notices.ts'
import { mails } from './client.ts'
import { Outcome } from './deliveries.tsx'
import { DeliveryFrame, useAgain } from './frame.tsx'
import type { Deliveries } from './pager.ts'

/** The e-mails to one recipient, newest first. Only what is dead can be sent again: the rest has arrived or is on its way. */
export function MailDeliveries({ list }: { list: Deliveries<MailDelivery> }) {
  const { told, redeliver } = useAgain(list, mails.redeliver)
  return (
    <DeliveryFrame list={list} told={told}>
      {(items) => <Table items={items} again={redeliver} />}
    </DeliveryFrame>
  )
}

function Table({ items, again }: { items: readonly MailDelivery[]; again: (id: string) => void }) {
  const w = words.value
  return (
    <table class="grid stacked">
      <thead>
        <tr>
          <th scope="col">{w.t('deliveries.at')}</th>
          <th scope="col">{w.t('mails.subject')}</th>
          <th scope="col">{w.t('deliveries.result')}</th>
          <th scope="col">{w.t('deliveries.answer')}</th>
          <th scope="col">{w.t('col.actions')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((d) => (
          <tr key={`${d.id}/${d.attempt}/${d.at}/${d.state}`} data-delivery={d.id} data-state={d.state}>
            <th scope="row">{w.moment(d.at)}</th>
            <td data-label={w.t('mails.subject')}>
              <span>
                {d.subject}
                <small class="id">
                  {w.named('event', d.type)}
                  {d.alerts.length > 0 && ` · ${w.t('deliveries.alerts', { n: d.alerts.length })}`}
                </small>
              </span>
            </td>
            <td data-label={w.t('deliveries.result')}>
              <Outcome of={d} />
            </td>
            <td data-label={w.t('deliveries.answer')} class="answer">
              {d.status > 0 && <b>{d.status}</b>} {d.error && <span lang="en">{d.error}</span>}
            </td>
            <td class="row-acts">
              {d.state === 'dead' && d.type !== 'mail.test' && (
                <button
                  type="button"
                  class="link"
                  aria-label={`${w.t('deliveries.again')}: ${d.subject}, ${w.moment(d.at)}`}
                  onClick={() => again(d.id)}
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
