import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Problem } from '../../http.ts'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { PlaceKind } from '../../wire-registry.ts'
import { type Draft, degrees, pointOf } from './draft.ts'
import { Faults, Field } from './field.tsx'
import { movedCorner, withCorner } from './outline.ts'
import { OutlineFields } from './outline-fields.tsx'
import { ParkFields } from './park-fields.tsx'
import { PlaceMap } from './place-map.tsx'
import { StationFields } from './station-fields.tsx'

export interface FormProps {
  draft: Draft
  change: (part: Partial<Draft>) => void
}

interface PlaceFormProps extends FormProps {
  kind: PlaceKind
  isNew: boolean
  failed: unknown
  busy: boolean
  onSave: () => void
  acts: ComponentChildren
}

/** The form of a place, with the map on which it is put. */
export function PlaceForm({ kind, draft: d, isNew, change, failed, busy, onSave, acts }: PlaceFormProps) {
  const w = words.value
  const drawing = useSignal(false)
  const fields = failed instanceof Problem ? failed.fields : []
  const said = failed ? trouble(failed) : null
  return (
    <Faults.Provider value={fields}>
      <form
        class="form place-form"
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          onSave()
        }}
      >
        <div class="where">
          <PlaceMap
            position={pointOf(d)}
            outline={d.outline}
            drawing={kind === 'park' && drawing.value}
            onPosition={([lon, lat]) => change({ lon: degrees(lon), lat: degrees(lat) })}
            onCorner={(p) => change({ outline: withCorner(d.outline, [Number(degrees(p[0])), Number(degrees(p[1]))]) })}
            onMoved={(i, p) =>
              change({ outline: movedCorner(d.outline, i, [Number(degrees(p[0])), Number(degrees(p[1]))]) })
            }
          />
          <fieldset class="pair">
            <legend>{w.t('registry.position')}</legend>
            <Field
              name="lon"
              path="location"
              label={w.t('registry.lon')}
              value={d.lon}
              mode="decimal"
              set={(lon) => change({ lon })}
            />
            <Field
              name="lat"
              path=""
              label={w.t('registry.lat')}
              value={d.lat}
              mode="decimal"
              set={(lat) => change({ lat })}
            />
          </fieldset>
          {kind === 'park' && <OutlineFields draft={d} change={change} drawing={drawing} />}
        </div>
        <div class="facts">
          {isNew && (
            <Field
              name="id"
              path="id"
              label={w.t('registry.id')}
              hint={w.t('registry.id_hint')}
              value={d.id}
              set={(id) => change({ id: id.trim() })}
            />
          )}
          <Field name="vi" path="name" label={w.t('registry.name_vi')} value={d.vi} set={(vi) => change({ vi })} />
          <Field name="en" path="" label={w.t('registry.name_en')} value={d.en} set={(en) => change({ en })} />
          {kind === 'station' ? <StationFields draft={d} change={change} /> : <ParkFields draft={d} change={change} />}
        </div>
        {said && (
          <div class="note-box bad" role="alert">
            <p>
              <b>{w.t(said.text)}</b>
            </p>
            <p class="raw" lang="en">
              {said.detail}
            </p>
          </div>
        )}
        <div class="place-acts">
          {acts}
          <button type="submit" class="main" disabled={busy || (isNew && d.id === '')}>
            {w.t('act.save')}
          </button>
        </div>
      </form>
    </Faults.Provider>
  )
}
