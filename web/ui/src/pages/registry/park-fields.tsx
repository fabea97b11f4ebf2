import { words } from '../../state.ts'
import { Field } from './field.tsx'
import type { FormProps } from './form.tsx'

/** What only a park has. */
export function ParkFields({ draft: d, change }: FormProps) {
  const w = words.value
  return (
    <>
      <Field
        name="place"
        path="place"
        label={w.t('registry.place')}
        value={d.place}
        set={(place) => change({ place })}
      />
      <div class="pair">
        <Field
          name="precision"
          path="precision_km"
          label={w.t('registry.precision')}
          value={d.precision}
          mode="decimal"
          set={(precision) => change({ precision })}
        />
        <Field
          name="hectares"
          path="area_ha"
          label={w.t('registry.hectares')}
          value={d.hectares}
          mode="decimal"
          set={(hectares) => change({ hectares })}
        />
        <Field
          name="radius"
          path="radius_m"
          label={w.t('registry.radius')}
          hint={w.t('registry.radius_hint')}
          value={d.radius}
          mode="decimal"
          set={(radius) => change({ radius })}
        />
        <Field
          name="capacity"
          path="capacity_m3_day"
          label={w.t('registry.capacity')}
          value={d.capacity}
          mode="decimal"
          set={(capacity) => change({ capacity })}
        />
      </div>
      <Field
        name="water"
        path="receiving_water"
        label={w.t('registry.water')}
        value={d.water}
        set={(water) => change({ water })}
      />
      <Field
        name="confidence"
        path="confidence"
        label={w.t('registry.confidence')}
        value={d.confidence}
        set={(confidence) => change({ confidence })}
      />
    </>
  )
}
