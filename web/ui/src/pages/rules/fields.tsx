import { fromDuration } from '../../parts/duration.ts'
import { words } from '../../state.ts'

interface FieldProps<T> {
  label: string
  value: T
  set: (value: T) => void
}

export function TextField({ label, value, set }: FieldProps<string>) {
  return (
    <label>
      {label}
      <input value={value} autocomplete="off" onChange={(e) => set(e.currentTarget.value.trim())} />
    </label>
  )
}

interface NumberProps extends FieldProps<number | undefined> {
  unit: string
  /** What stands in the field is this many times the value. */
  scale?: number
}

/** A number, with a decimal comma or point; an empty field takes the value out. What is no number leaves it as it was. */
export function NumberField({ label, unit, value, set, scale = 1 }: NumberProps) {
  const point = words.value.language === 'vi' ? ',' : '.'
  const shown = typeof value === 'number' ? String(Math.round(value * scale * 1e6) / 1e6).replace('.', point) : ''
  return (
    <label>
      {label}
      <span class="with-unit">
        <input
          inputMode="decimal"
          autocomplete="off"
          value={shown}
          onChange={(e) => {
            const typed = e.currentTarget.value.trim().replace(',', '.')
            const n = Number(typed)
            if (typed === '') set(undefined)
            else if (Number.isFinite(n)) set(n / scale)
            else e.currentTarget.value = shown
          }}
        />
        <small>{unit}</small>
      </span>
    </label>
  )
}

/** A length of time as the rule has it; a bare number means minutes. */
export function DurationField({ label, value, set }: FieldProps<string | undefined>) {
  const w = words.value
  const shown = value ?? ''
  return (
    <label>
      {label}
      <input
        autocomplete="off"
        spellcheck={false}
        placeholder={w.t('form.duration_hint')}
        value={shown}
        onChange={(e) => {
          const typed = e.currentTarget.value.trim()
          const text = /^\d+$/.test(typed) ? `${typed}m` : typed
          if (text === '') set(undefined)
          else if (fromDuration(text) !== null) set(text)
          else e.currentTarget.value = shown
        }}
      />
    </label>
  )
}
