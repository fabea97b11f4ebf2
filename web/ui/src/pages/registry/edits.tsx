import { useSignal } from '@preact/signals'
import { useAttempt } from '../../parts/attempt.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { Listed } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { RegistryEdit } from '../../wire-registry.ts'
import { registry } from './client.ts'
import { edits, loadEdits } from './state.ts'

/** What stands over the registry file, and the way back to it. */
export function EditList() {
  const w = words.value
  const asked = useSignal<RegistryEdit | null>(null)
  return (
    <section class="registry-edits" aria-label={w.t('registry.edits')}>
      <h3>{w.t('registry.edits')}</h3>
      <p class="soft">{w.t('registry.edits_hint')}</p>
      <Listed
        of={edits.state.value}
        again={loadEdits}
        none={w.t('registry.no_edits')}
        hint={w.t('registry.no_edits_hint')}
      >
        {(items) => (
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
              {items.map((e) => (
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
      </Listed>
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
  const { told, busy, attempt } = useAttempt()
  const doIt = () =>
    attempt(async () => {
      await registry.revert(edit)
      loadEdits()
      onClose()
    })
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
