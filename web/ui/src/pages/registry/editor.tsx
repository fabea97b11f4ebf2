import { useSignal } from '@preact/signals'
import { Problem } from '../../http.ts'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { PlaceKind } from '../../wire-registry.ts'
import { type Record, registry } from './client.ts'
import { type Draft, draftOf, EMPTY, recordOf } from './draft.ts'
import { PlaceForm } from './form.tsx'
import { Remove } from './remove.tsx'
import { chosen, close, held, loadEdits, loadHeld, open, saved } from './state.ts'

/** The place that is open: what is registered of it, to be changed. */
export function Editor() {
  const w = words.value
  const at = chosen.value
  const { status, value, error } = held.state.value
  const gone = error instanceof Problem && error.status === 404
  if (!at) return null
  return (
    <section class="place-editor" aria-label={at.id || w.t('registry.new')}>
      <button type="button" class="quiet back" onClick={close}>
        ‹ {w.t('act.back')}
      </button>
      {at.id === '' && <Editing kind={at.kind} record={null} tag="" />}
      {at.id !== '' && status === 'loading' && !value && <Waiting />}
      {gone && <Empty text={w.t('registry.not_there')} />}
      {status === 'failed' && !gone && <Failed error={error} again={loadHeld} />}
      {at.id !== '' && value && <Editing key={value.tag} kind={at.kind} record={value.value} tag={value.tag} />}
    </section>
  )
}

interface EditingProps {
  kind: PlaceKind
  record: Record | null
  tag: string
}

function Editing({ kind, record, tag }: EditingProps) {
  const w = words.value
  const draft = useSignal<Draft>(record ? draftOf(kind, record) : EMPTY)
  const failed = useSignal<unknown>(null)
  const busy = useSignal(false)
  const change = (part: Partial<Draft>) => {
    draft.value = { ...draft.peek(), ...part }
    saved.value = ''
  }
  const save = async () => {
    busy.value = true
    failed.value = null
    try {
      const d = draft.peek()
      const answer = await registry.put(kind, d.id, recordOf(kind, d, record), tag)
      saved.value = `${kind} ${d.id} ${answer.tag}`
      loadEdits()
      if (record) held.set(answer)
      else open(d.id)
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  return (
    <>
      <header class="place-head">
        <h3>{record ? w.text(record.name) : w.t(kind === 'park' ? 'registry.new_park' : 'registry.new_station')}</h3>
        {record && <Origin record={record} />}
      </header>
      <PlaceForm
        kind={kind}
        draft={draft.value}
        isNew={!record}
        change={change}
        failed={failed.value}
        busy={busy.value}
        onSave={() => void save()}
        acts={record && <Remove kind={kind} record={record} tag={tag} />}
      />
      {record && saved.value === `${kind} ${record.id} ${tag}` && (
        <p class="told fine" role="status">
          {w.t('registry.saved')}
        </p>
      )}
    </>
  )
}

function Origin({ record }: { record: Record }) {
  const w = words.value
  return (
    <p class="soft">
      <code>{record.id}</code> ·{' '}
      {record.source === 'edit'
        ? w.t('registry.by', { by: record.edited_by ?? '', at: record.edited_at ? w.date(record.edited_at) : '' })
        : w.t('registry.from_file')}
      {record.file_changed && <b class="warn"> {w.t('registry.file_changed')}</b>}
    </p>
  )
}
