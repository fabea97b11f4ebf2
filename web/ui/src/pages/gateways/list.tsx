import { useSignal } from '@preact/signals'
import { Confirm } from '../../parts/dialog.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { trouble } from '../../parts/trouble.ts'
import { now, words } from '../../state.ts'
import type { Gateway } from '../../wire-doors.ts'
import { gateways } from './client.ts'
import { EditGateway } from './edit.tsx'
import { draftOf, gatewayOf } from './forms.ts'
import { drop, list, loadGateways, take } from './state.ts'
import { StationNames } from './stations.tsx'

type Act = 'edit' | 'rotate' | 'disable' | 'revoke'

/** Every gateway, and what can be done with it. */
export function GatewayList() {
  const w = words.value
  const doing = useSignal<{ gateway: Gateway; act: Act } | null>(null)
  const { status, value, error } = list.state.value
  const close = () => {
    doing.value = null
  }
  return (
    <section class="gateway-list" aria-label={w.t('gateways.list')}>
      <h3>{w.t('gateways.list')}</h3>
      {status === 'failed' && <Failed error={error} again={loadGateways} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.length === 0 && <Empty text={w.t('gateways.none')} hint={w.t('gateways.none_hint')} />}
      {value && value.length > 0 && (
        <table class="grid stacked">
          <thead>
            <tr>
              <th scope="col">{w.t('col.gateway')}</th>
              <th scope="col">{w.t('col.status')}</th>
              <th scope="col">{w.t('gateways.last_seen')}</th>
              <th scope="col">{w.t('gateways.stations')}</th>
              <th scope="col">{w.t('gateways.certificates')}</th>
              <th scope="col">{w.t('col.actions')}</th>
            </tr>
          </thead>
          <tbody>
            {value.map((g) => (
              <Row
                key={g.id}
                gateway={g}
                act={(act) => {
                  doing.value = { gateway: g, act }
                }}
              />
            ))}
          </tbody>
        </table>
      )}
      {doing.value?.act === 'edit' && <EditGateway gateway={doing.value.gateway} onClose={close} />}
      {doing.value && doing.value.act !== 'edit' && (
        <Sure gateway={doing.value.gateway} act={doing.value.act} onClose={close} />
      )}
    </section>
  )
}

function Row({ gateway: g, act }: { gateway: Gateway; act: (act: Act) => void }) {
  const w = words.value
  const seen = g.last_seen ? w.ago(g.last_seen, now.value) : w.t('gateways.never')
  const n = g.certificates.length
  return (
    <tr data-gateway={g.id}>
      <th scope="row">
        {g.id} {g.username !== g.id && <small>{g.username}</small>}
      </th>
      <td data-label={w.t('col.status')}>
        <State gateway={g} />
      </td>
      <td data-label={w.t('gateways.last_seen')} title={g.last_seen ? w.moment(g.last_seen) : ''}>
        {seen} {g.remote && <small>{g.remote}</small>}
      </td>
      <td data-label={w.t('gateways.stations')}>
        <StationNames ids={g.stations} />
      </td>
      <td data-label={w.t('gateways.certificates')}>{n > 0 ? w.t('gateways.certificate_count', { n }) : '—'}</td>
      <td class="row-acts">{g.source === 'file' ? <FromFile /> : <RowActs gateway={g} act={act} />}</td>
    </tr>
  )
}

function State({ gateway: g }: { gateway: Gateway }) {
  const w = words.value
  const state = g.disabled ? 'disabled' : g.connected ? 'connected' : 'away'
  return <span class={`link-state ${state}`}>{w.t(`gateways.${state}`)}</span>
}

function FromFile() {
  const w = words.value
  return <small title={w.t('gateways.from_file_hint')}>{w.t('gateways.from_file')}</small>
}

function RowActs({ gateway: g, act }: { gateway: Gateway; act: (act: Act) => void }) {
  const w = words.value
  const enable = async () => {
    try {
      take(await gateways.change(g.id, gatewayOf(draftOf(g), false)))
    } catch {
      // The list says what became of it.
      loadGateways()
    }
  }
  const named = (text: string) => `${text}: ${g.id}`
  return (
    <>
      <button type="button" class="link" aria-label={named(w.t('gateways.edit'))} onClick={() => act('edit')}>
        {w.t('gateways.edit')}
      </button>
      <button type="button" class="link" aria-label={named(w.t('gateways.rotate'))} onClick={() => act('rotate')}>
        {w.t('gateways.rotate')}
      </button>
      {g.disabled ? (
        <button type="button" class="link" aria-label={named(w.t('gateways.enable'))} onClick={() => void enable()}>
          {w.t('gateways.enable')}
        </button>
      ) : (
        <button type="button" class="link" aria-label={named(w.t('gateways.disable'))} onClick={() => act('disable')}>
          {w.t('gateways.disable')}
        </button>
      )}
      <button type="button" class="link grave" aria-label={named(w.t('gateways.revoke'))} onClick={() => act('revoke')}>
        {w.t('gateways.revoke')}
      </button>
    </>
  )
}

interface SureProps {
  gateway: Gateway
  act: 'rotate' | 'disable' | 'revoke'
  onClose: () => void
}

/** Every act that cuts a device off is asked for twice, by the gateway's name. */
function Sure({ gateway: g, act, onClose }: SureProps) {
  const w = words.value
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const doIt = async () => {
    busy.value = true
    failed.value = null
    try {
      await perform(g, act)
      onClose()
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const problem = failed.value ? trouble(failed.value) : null
  return (
    <Confirm
      title={w.t(`gateways.sure_${act}`, { id: g.id })}
      hint={w.t(`gateways.sure_${act}_hint`)}
      act={w.t(`gateways.${act}`)}
      grave={act === 'revoke'}
      error={problem ? `${w.t(problem.text)} ${problem.detail}` : undefined}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}

async function perform(g: Gateway, act: SureProps['act']): Promise<void> {
  switch (act) {
    case 'rotate':
      take(await gateways.rotate(g.id))
      return
    case 'disable':
      take(await gateways.change(g.id, gatewayOf(draftOf(g), true)))
      return
    case 'revoke':
      await gateways.remove(g.id)
      drop(g.id)
  }
}
