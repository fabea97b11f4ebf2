interface SegmentsProps<T extends string> {
  label: string
  options: readonly (readonly [T, string])[]
  value: T
  choose: (value: T) => void
}

/** A few choices side by side, of which one is pressed. */
export function Segments<T extends string>({ label, options, value, choose }: SegmentsProps<T>) {
  return (
    <fieldset class="segments">
      <legend class="heard">{label}</legend>
      {options.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => choose(name)}>
          {text}
        </button>
      ))}
    </fieldset>
  )
}
