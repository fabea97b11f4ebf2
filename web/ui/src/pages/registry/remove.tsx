import { useSignal } from '@preact/signals'
import { useAttempt } from '../../parts/attempt.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { words } from '../../state.ts'
import type { PlaceKind } from '../../wire-registry.ts'
import { type Record, registry } from './client.ts'
import { close, loadEdits } from './state.ts'

/** Takes the place out of the registry, after a question. */
export function Remove({ kind, record, tag }: { kind: PlaceKind; record: Record; tag: string }) {
  const w = words.value
  const asked = useSignal(false)
  const { told, busy, attempt } = useAttempt()
  const doIt = () =>
    attempt(async () => {
      await registry.remove(kind, record.id, tag)
      loadEdits()
      close()
    })
  return (
    <>
      <button
        type="button"
        class="link grave"
        onClick={() => {
          told.value = null
          asked.value = true
        }}
      >
        {w.t('registry.remove')}
      </button>
      {asked.value && (
        <Confirm
          title={w.t('registry.sure_remove', { id: record.id })}
          hint={w.t('registry.sure_remove_hint')}
          act={w.t('registry.remove')}
          grave
          error={told.value}
          busy={busy.value}
          onYes={() => void doIt()}
          onNo={() => {
            asked.value = false
          }}
        />
      )}
    </>
  )
}
