import { useSignal } from '@preact/signals'
import { Confirm } from '../../parts/dialog.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { RegistryEdit } from '../../wire-registry.ts'
import { registry } from './client.ts'
import { edits, loadEdits } from './state.ts'

/** What stands over the registry file, and the way back to it. */
export function EditList() {
  const w = words.value
  const asked = useSignal<RegistryEdit | null>(null)
  const { status, value, error } = edits.state.value
  return (
    <section class="registry-edits" aria-label={w.t('registry.edits')}>
      <h3>{w.t('registry.edits')}</h3>
      <p class="soft">{w.t('registry.edits_hint')}</p>
      {status === 'failed' && <Failed error={error} again={loadEdits} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.length === 0 && <Empty text={w.t('registry.no_edits')} hint={w.t('registry.no_edits_hint')} />}
      {value && value.length > 0 && (
        <table class="grid stacked">
          <thead>
            <tr>
              <th scope="col">{w.t('registry.col_place')}</th>
              <th scope="col">{w.t('registry.col_change')}</th>
              <th scope="col">{w.t('registry.col_by')}</th>
              <th scope="col">{w.t('col.actions')}</th>
            </tr>
          </thead>
          <tbody>
            {value.map((e) => (
              <tr key={`${e.kind} ${e.id}`} data-edit={e.id}>
                <th scope="row">
                  <code>{e.id}</code> <small>{w.named('registry.kind', e.kind)}</small>
                </th>
                <td data-label={w.t('registry.col_change')}>
                  {w.t(e.action === 'put' ? 'registry.was_put' : 'registry.was_removed')}
                  {!e.in_force && <p class="warn">{w.t('registry.rests', { reason: e.reason ?? '' })}</p>}
                  {e.in_force && e.file_changed && <p class="warn">{w.t('registry.file_changed')}</p>}
                </td>
                <td data-label={w.t('registry.col_by')}>
                  {e.by} <small>{w.date(e.at)}</small>
                </td>
                <td class="row-acts">
                  <button
                    type="button"
                    class="link"
                    aria-label={`${w.t('registry.revert')}: ${e.id}`}
                    onClick={() => {
                      asked.value = e
                    }}
                  >
                    {w.t('registry.revert')}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {asked.value && (
        <Revert
          edit={asked.value}
          onClose={() => {
            asked.value = null
          }}
        />
      )}
    </section>
  )
}

function Revert({ edit, onClose }: { edit: RegistryEdit; onClose: () => void }) {
  const w = words.value
  const busy = useSignal(false)
  const told = useSignal<string | undefined>(undefined)
  const doIt = async () => {
    busy.value = true
    try {
      await registry.revert(edit)
      loadEdits()
      onClose()
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = `${w.t(text)} ${detail}`
    }
    busy.value = false
  }
  return (
    <Confirm
      title={w.t('registry.sure_revert', { id: edit.id })}
      hint={w.t('registry.sure_revert_hint')}
      act={w.t('registry.revert')}
      error={told.value}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}
