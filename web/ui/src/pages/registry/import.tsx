import { useSignal } from '@preact/signals'
import { Dialog } from '../../parts/dialog.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { ImportReport } from '../../wire-registry.ts'
import { registry, typeOf } from './client.ts'
import { Report } from './report.tsx'
import { kind, loadEdits } from './state.ts'

/** A file of places: first what it would change, then the change. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const w = words.value
  const file = useSignal<File | null>(null)
  const what = useSignal(`${kind.peek()}s`)
  const report = useSignal<ImportReport | null>(null)
  const failed = useSignal<unknown>(null)
  const busy = useSignal(false)
  const done = useSignal(false)
  const weigh = async (store: boolean) => {
    const f = file.peek()
    if (!f) return
    busy.value = true
    failed.value = null
    try {
      report.value = await registry.weigh(f, what.peek(), store)
      done.value = store
      if (store) loadEdits()
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const r = report.value
  const changes = r ? r.counts.added + r.counts.changed : 0
  const ready = r !== null && r.problems.length === 0 && changes > 0 && !done.value
  return (
    <Dialog title={w.t('registry.import')} onClose={onClose}>
      <div class="form import">
        <p class="soft">{w.t('registry.import_hint')}</p>
        <label>
          <span>{w.t('registry.file')}</span>
          <input
            type="file"
            accept=".geojson,.json,.csv,.tsv,.txt"
            onChange={(e) => {
              file.value = e.currentTarget.files?.[0] ?? null
              report.value = null
              done.value = false
              void weigh(false)
            }}
          />
        </label>
        {file.value && typeOf(file.value) === 'text/csv' && (
          <label>
            <span>{w.t('registry.lines_are')}</span>
            <select
              value={what.value}
              onChange={(e) => {
                what.value = e.currentTarget.value
                void weigh(false)
              }}
            >
              <option value="stations">{w.t('registry.stations')}</option>
              <option value="parks">{w.t('registry.parks')}</option>
            </select>
          </label>
        )}
        {busy.value && <Waiting />}
        {failed.value !== null && <Failed error={failed.value} />}
        {r && <Report report={r} done={done.value} />}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {w.t(done.value ? 'act.close' : 'act.cancel')}
          </button>
          {!done.value && (
            <button type="button" class="main" disabled={!ready || busy.value} onClick={() => void weigh(true)}>
              {w.t('registry.take', { n: changes })}
            </button>
          )}
        </div>
      </div>
    </Dialog>
  )
}
