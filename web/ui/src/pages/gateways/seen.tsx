import { useComputed } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { DAY } from '../../parts/zone.ts'
import { Source } from '../../source.ts'
import { words } from '../../state.ts'
import type { Ledger } from '../../wire-doors.ts'
import { byGateway } from '../ledger/books.ts'
import { getLedger } from '../ledger/client.ts'

/** What everybody may know of the gateways: which of them have sent, as the books have it. */

const books = new Source<Ledger>()

function load(): void {
  const to = Date.now()
  void books.load((abort) => getLedger({ from: to - DAY, to }, abort))
}

export function SeenGateways() {
  const w = words.value
  useEffect(load, [])
  const rows = useComputed(() => (books.state.value.value ? byGateway(books.state.value.value.items) : [])).value
  const { status, value, error } = books.state.value
  return (
    <section class="gateway-list" aria-label={w.t('gateways.seen')}>
      <h3>{w.t('gateways.seen')}</h3>
      {status === 'failed' && <Failed error={error} again={load} />}
      {status === 'loading' && !value && <Waiting />}
      {value && rows.length === 0 && <Empty text={w.t('gateways.seen_none')} />}
      {rows.length > 0 && (
        <table class="grid seen">
          <thead>
            <tr>
              <th scope="col">{w.t('col.gateway')}</th>
              <th scope="col" class="num">
                {w.t('gateways.station_count')}
              </th>
              <th scope="col" class="num">
                {w.t('ledger.received')}
              </th>
              <th scope="col" class="num">
                {w.t('ledger.quarantined')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((g) => (
              <tr key={g.gateway}>
                <th scope="row">{g.gateway || <i>{w.t('ledger.no_gateway')}</i>}</th>
                <td class="num">{w.count(g.stations)}</td>
                <td class="num">{w.count(g.received)}</td>
                <td class="num">{w.count(g.quarantined)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
