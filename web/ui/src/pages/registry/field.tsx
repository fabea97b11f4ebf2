import { createContext } from 'preact'
import { useContext, useId } from 'preact/hooks'
import type { Fault } from '../../http.ts'

/** What the server said is wrong with the fields. */
export const Faults = createContext<readonly Fault[]>([])

/** The faults of a field and of what lies in it: "limits" also has those of "limits[0].set". */
export function useFaults(path: string): string[] {
  const all = useContext(Faults)
  if (!path) return []
  return all
    .filter((f) => f.field === path || f.field.startsWith(`${path}[`) || f.field.startsWith(`${path}.`))
    .map((f) => f.detail)
}

interface FieldProps {
  name: string
  /** Where the server finds it; '' = nowhere of its own. */
  path: string
  label: string
  hint?: string
  value: string
  mode?: 'decimal'
  type?: 'date'
  set: (value: string) => void
}

/** A line of text with its label, and what is wrong with it. */
export function Field({ name, path, label, hint, value, mode, type, set }: FieldProps) {
  const wrong = useFaults(path)
  const told = useId()
  const control = useId()
  const common = {
    id: control,
    name,
    value,
    'aria-invalid': wrong.length > 0,
    'aria-describedby': wrong.length > 0 ? told : undefined,
    onInput: (e: { currentTarget: HTMLInputElement }) => set(e.currentTarget.value),
  }
  return (
    <label htmlFor={control}>
      <span>
        {label} {hint && <small>{hint}</small>}
      </span>
      {type === 'date' ? (
        <input type="date" {...common} />
      ) : (
        <input type="text" inputMode={mode} spellcheck={false} autocomplete="off" {...common} />
      )}
      {wrong.length > 0 && (
        <small id={told} class="wrong" lang="en">
          {wrong.join('; ')}
        </small>
      )}
    </label>
  )
}

interface ChoiceProps {
  name: string
  path: string
  label: string
  value: string
  choices: readonly { value: string; text: string }[]
  set: (value: string) => void
}

/** One of several; a value that is none of them stays a choice, so that nothing is changed by being shown. */
export function Choice({ name, path, label, value, choices, set }: ChoiceProps) {
  const wrong = useFaults(path)
  const told = useId()
  const known = choices.some((c) => c.value === value)
  return (
    <label>
      <span>{label}</span>
      <select
        name={name}
        value={value}
        aria-invalid={wrong.length > 0}
        aria-describedby={wrong.length > 0 ? told : undefined}
        onChange={(e) => set(e.currentTarget.value)}
      >
        {!known && <option value={value}>{value || '—'}</option>}
        {choices.map((c) => (
          <option key={c.value} value={c.value}>
            {c.text}
          </option>
        ))}
      </select>
      {wrong.length > 0 && (
        <small id={told} class="wrong" lang="en">
          {wrong.join('; ')}
        </small>
      )}
    </label>
  )
}
