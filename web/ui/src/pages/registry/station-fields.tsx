import { parameters, parks, words } from '../../state.ts'
import { Choice, Field, useFaults } from './field.tsx'
import type { FormProps } from './form.tsx'
import { Instruments } from './instruments.tsx'
import { Assignments } from './limits.tsx'
import { rivers } from './state.ts'

const KINDS = ['effluent', 'surface_water', 'stack', 'air'] as const

/** What only a station has. */
export function StationFields({ draft: d, change }: FormProps) {
  const w = words.value
  const waters = rivers.state.value.value ?? []
  return (
    <>
      <div class="pair">
        <Choice
          name="kind"
          path="kind"
          label={w.t('registry.kind')}
          value={d.kind}
          choices={KINDS.map((k) => ({ value: k, text: w.t(`kind.${k}`) }))}
          set={(kind) => change({ kind })}
        />
        <Choice
          name="park"
          path="park"
          label={w.t('registry.park')}
          value={d.park}
          choices={[
            { value: '', text: w.t('registry.park_by_position') },
            ...[...parks.value.values()].map((p) => ({ value: p.id, text: w.text(p.name) })),
          ]}
          set={(park) => change({ park })}
        />
        <Choice
          name="water"
          path="receiving_water"
          label={w.t('registry.water')}
          value={d.water}
          choices={[
            { value: '', text: w.t('registry.unknown') },
            ...waters.map((r) => ({ value: r.id, text: w.text(r.name) })),
          ]}
          set={(water) => change({ water })}
        />
        <Field
          name="cycle"
          path="cycle"
          label={w.t('registry.cycle')}
          hint={w.t('registry.cycle_hint')}
          value={d.cycle}
          set={(cycle) => change({ cycle })}
        />
        <Field
          name="gateway"
          path="gateway"
          label={w.t('registry.gateway')}
          value={d.gateway}
          set={(gateway) => change({ gateway })}
        />
        <Field
          name="aliases"
          path="aliases"
          label={w.t('registry.aliases')}
          hint={w.t('registry.aliases_hint')}
          value={d.aliases}
          set={(aliases) => change({ aliases })}
        />
      </div>
      <Parameters draft={d} change={change} />
      <Assignments draft={d} change={change} />
      <Instruments draft={d} change={change} />
    </>
  )
}

function Parameters({ draft: d, change }: FormProps) {
  const w = words.value
  const wrong = useFaults('parameters')
  const toggle = (code: string, on: boolean) =>
    change({ parameters: on ? [...d.parameters, code] : d.parameters.filter((c) => c !== code) })
  const codes = [...new Set([...parameters.value.keys(), ...d.parameters])]
  return (
    <fieldset>
      <legend>{w.t('registry.parameters')}</legend>
      <div class="codes">
        {codes.map((code) => (
          <label key={code} class="check" title={w.text(parameters.value.get(code)?.name)}>
            <input
              type="checkbox"
              checked={d.parameters.includes(code)}
              onChange={(e) => toggle(code, e.currentTarget.checked)}
            />
            {parameters.value.get(code)?.symbol ?? code}
          </label>
        ))}
      </div>
      {wrong.length > 0 && (
        <small class="wrong" lang="en">
          {wrong.join('; ')}
        </small>
      )}
    </fieldset>
  )
}
