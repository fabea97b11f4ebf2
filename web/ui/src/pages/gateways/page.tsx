import '../../styles/gateways.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { NeedRole } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { can, model, words } from '../../state.ts'
import { Aliases } from './aliases.tsx'
import { EditGateway } from './edit.tsx'
import { GatewayList } from './list.tsx'
import { Secret } from './secret.tsx'
import { SeenGateways } from './seen.tsx'
import { followGateways, secret } from './state.ts'

/** The accounts of gateways, and what vendors' names mean. */
export function GatewaysPage() {
  const w = words.value
  const creating = useSignal(false)
  useEffect(followGateways, [])
  const admin = can('admin')
  return (
    <PageFrame
      name="gateways"
      title={w.t('page.gateways')}
      lead={w.t('gateways.lead')}
      acts={
        admin && (
          <button
            type="button"
            class="main"
            onClick={() => {
              creating.value = true
            }}
          >
            {w.t('gateways.create')}
          </button>
        )
      }
    >
      <NeedRole need="admin" what={w.t('gateways.what')} />
      {!admin && model.value.info && <SeenGateways />}
      {admin && (
        <>
          <GatewayList />
          <Aliases />
        </>
      )}
      {creating.value && (
        <EditGateway
          gateway={null}
          onClose={() => {
            creating.value = false
          }}
        />
      )}
      {secret.value && <Secret gateway={secret.value} />}
    </PageFrame>
  )
}
