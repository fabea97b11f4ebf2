import { useSignal } from '@preact/signals'
import { Dialog } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { Gateway } from '../../wire.ts'
import { gateways } from './client.ts'
import { draftOf, type GatewayDraft, gatewayOf, NEW, wrongGateway } from './forms.ts'
import { list, take } from './state.ts'
import { StationChooser } from './stations.tsx'

interface EditProps {
  /** Null makes a new one. */
  gateway: Gateway | null
  onClose: () => void
}

/** The form of a gateway. */
export function EditGateway({ gateway, onClose }: EditProps) {
  const w = words.value
  const draft = useSignal<GatewayDraft>(gateway ? draftOf(gateway) : NEW)
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const d = draft.value
  const change = (part: Partial<GatewayDraft>) => {
    draft.value = { ...draft.peek(), ...part }
    told.value = null
  }
  const onSubmit = async (e: SubmitEvent) => {
    e.preventDefault()
    const taken = gateway ? [] : (list.state.peek().value ?? []).map((g) => g.id)
    const wrong = wrongGateway(d, taken)
    if (wrong) {
      told.value = w.t(wrong)
      return
    }
    busy.value = true
    try {
      const body = gatewayOf(d, gateway?.disabled ?? false)
      take(await (gateway ? gateways.change(d.id, body) : gateways.create(d.id, body)))
      onClose()
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = `${w.t(text)} ${detail}`
    }
    busy.value = false
  }
  return (
    <Dialog title={gateway ? `${w.t('gateways.edit')}: ${gateway.id}` : w.t('gateways.create')} onClose={onClose}>
      <form class="form" onSubmit={onSubmit} noValidate>
        {!gateway && (
          <label>
            <span>
              {w.t('gateways.id')} <small>{w.t('gateways.id_hint')}</small>
            </span>
            <input
              name="id"
              value={d.id}
              spellcheck={false}
              autocapitalize="off"
              autocomplete="off"
              onInput={(e) => change({ id: e.currentTarget.value.trim() })}
            />
          </label>
        )}
        <label>
          <span>
            {w.t('gateways.username')} <small>{w.t('gateways.username_hint')}</small>
          </span>
          <input
            name="username"
            value={d.username}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            onInput={(e) => change({ username: e.currentTarget.value })}
          />
        </label>
        <fieldset>
          <legend>{w.t('gateways.stations')}</legend>
          <label class="check">
            <input type="checkbox" checked={d.every} onChange={(e) => change({ every: e.currentTarget.checked })} />
            {w.t('gateways.all_stations')}
          </label>
          {!d.every && <StationChooser chosen={d.stations} change={(stations) => change({ stations })} />}
        </fieldset>
        <label>
          <span>
            {w.t('gateways.certificates')} <small>{w.t('gateways.certificates_hint')}</small>
          </span>
          <textarea
            name="certificates"
            rows={2}
            spellcheck={false}
            value={d.certificates}
            onInput={(e) => change({ certificates: e.currentTarget.value })}
          />
        </label>
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {w.t(gateway ? 'act.save' : 'gateways.create')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
