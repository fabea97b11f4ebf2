import { useSignal } from '@preact/signals'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { Segments } from '../../parts/segments.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { MailDelivery } from '../../wire-notices.ts'
import { mails, RESULTS } from './client.ts'
import { Outcome } from './deliveries.tsx'
import type { Deliveries } from './pager.ts'

/** The e-mails to one recipient, newest first. Only what is dead can be sent again: the rest has arrived or is on its way. */
export function MailDeliveries({ list }: { list: Deliveries<MailDelivery> }) {
  const w = words.value
  const told = useSignal<{ text: string; bad: boolean } | null>(null)
  const { status, error, value } = list.state.value
  const items = list.items.value
  const again = async (id: string) => {
    try {
      await mails.redeliver(id)
      told.value = { text: w.t('deliveries.queued'), bad: false }
      list.load()
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = { text: `${w.t(text)} ${detail}`, bad: true }
    }
  }
  return (
    <section class="deliveries" aria-label={w.t('deliveries.title')}>
      <div class="deliveries-head">
        <h3>{w.t('deliveries.title')}</h3>
        <Segments
          label={w.t('deliveries.filter')}
          options={RESULTS.map((r) => [r, w.t(`deliveries.${r || 'any'}`)] as const)}
          value={list.result.value}
          choose={(r) => list.choose(r)}
        />
      </div>
      {told.value && (
        <p class={told.value.bad ? '' : 'told fine'} role={told.value.bad ? 'alert' : 'status'}>
          {told.value.text}
        </p>
      )}
      {status === 'failed' && <Failed error={error} again={() => list.load()} />}
      {status === 'loading' && !value && <Waiting />}
      {value && items.length === 0 && (
        <Empty text={w.t(list.result.value === '' ? 'deliveries.none' : 'deliveries.none_such')} />
      )}
      {items.length > 0 && <Table items={items} again={(id) => void again(id)} />}
      {list.trouble.value !== null && <Failed error={list.trouble.value} />}
      {list.hasMore.value && (
        <button type="button" class="quiet more" onClick={() => void list.more()}>
          {w.t('load.more')}
        </button>
      )}
    </section>
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
