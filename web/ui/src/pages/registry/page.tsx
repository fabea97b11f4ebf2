import '../../styles/registry.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { NeedRole } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { can, words } from '../../state.ts'
import { Editor } from './editor.tsx'
import { EditList } from './edits.tsx'
import { ExportButton } from './export.tsx'
import { ImportDialog } from './import.tsx'
import { PlaceList } from './list.tsx'
import { chosen, followRegistry, kind, make, show } from './state.ts'

/** Parks and stations: what is registered of them, and where they are. */
export function RegistryPage() {
  const w = words.value
  const importing = useSignal(false)
  useEffect(followRegistry, [])
  const admin = can('admin')
  return (
    <PageFrame
      name="registry"
      title={w.t('page.registry')}
      lead={w.t('registry.lead')}
      acts={
        admin && (
          <>
            <ExportButton />
            <button
              type="button"
              class="quiet"
              onClick={() => {
                importing.value = true
              }}
            >
              {w.t('registry.import')}
            </button>
            <button type="button" class="main" onClick={make}>
              {w.t(kind.value === 'park' ? 'registry.new_park' : 'registry.new_station')}
            </button>
          </>
        )
      }
    >
      <NeedRole need="admin" what={w.t('registry.what')} />
      {admin && (
        <>
          <Kinds />
          <div class={chosen.value ? 'places chosen' : 'places'}>
            <PlaceList />
            {chosen.value ? <Editor key={`${chosen.value.kind} ${chosen.value.id}`} /> : <EditList />}
          </div>
        </>
      )}
      {importing.value && (
        <ImportDialog
          onClose={() => {
            importing.value = false
          }}
        />
      )}
    </PageFrame>
  )
}

function Kinds() {
  const w = words.value
  return (
    <fieldset class="segments kinds">
      <legend class="heard">{w.t('registry.kinds')}</legend>
      {(['station', 'park'] as const).map((k) => (
        <button key={k} type="button" aria-pressed={kind.value === k} onClick={() => show(k)}>
          {w.t(`registry.${k}s`)}
        </button>
      ))}
    </fieldset>
  )
}
