import { useDraft } from '../../parts/draft.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { words } from '../../state.ts'
import type { Gateway } from '../../wire-doors.ts'
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
  const {
    draft: d,
    change,
    told,
    busy,
    onSubmit,
  } = useDraft<GatewayDraft>({
    first: gateway ? draftOf(gateway) : NEW,
    wrong: (made) => wrongGateway(made, gateway ? [] : (list.state.peek().value ?? []).map((g) => g.id)),
    save: async (kept) => {
      const body = gatewayOf(kept, gateway?.disabled ?? false)
      take(await (gateway ? gateways.change(kept.id, body) : gateways.create(kept.id, body)))
    },
    onClose,
  })
  return (
    <FormDialog
      title={gateway ? `${w.t('gateways.edit')}: ${gateway.id}` : w.t('gateways.create')}
      act={w.t(gateway ? 'act.save' : 'gateways.create')}
      told={told}
      busy={busy}
      noValidate
      onSubmit={onSubmit}
      onClose={onClose}
    >
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
    </FormDialog>
  )
}
