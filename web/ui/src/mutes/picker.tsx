import { words } from '../state.ts'

export interface Option {
  id: string
  text: string
  /** The heading that it stands under. */
  group?: string
}

interface PickerProps {
  label: string
  /** What none of them means. */
  none: string
  options: readonly Option[]
  chosen: readonly string[]
  choose: (ids: string[]) => void
}

/** Several of many: those that are taken stand as chips, a list adds one more. */
export function Picker({ label, none, options, chosen, choose }: PickerProps) {
  const w = words.value
  const texts = new Map(options.map((o) => [o.id, o.text]))
  const left = options.filter((o) => !chosen.includes(o.id))
  return (
    <div class="picker">
      <label>
        <span>{label}</span>
        <select
          value=""
          onChange={(e) => {
            const { value } = e.currentTarget
            if (value) choose([...chosen, value])
            e.currentTarget.value = ''
          }}
        >
          <option value="">{chosen.length === 0 ? none : w.t('mute.add_one')}</option>
          {grouped(left).map(([group, items]) =>
            group === '' ? (
              items.map((o) => <Choice key={o.id} option={o} />)
            ) : (
              <optgroup key={group} label={group}>
                {items.map((o) => (
                  <Choice key={o.id} option={o} />
                ))}
              </optgroup>
            ),
          )}
        </select>
      </label>
      {chosen.length > 0 && (
        <ul class="chips">
          {chosen.map((id) => (
            <li key={id}>
              <button
                type="button"
                aria-label={w.t('mute.drop', { name: texts.get(id) ?? id })}
                onClick={() => choose(chosen.filter((c) => c !== id))}
              >
                {texts.get(id) ?? id}
                <svg viewBox="0 0 12 12" aria-hidden="true">
                  <path d="M3 3l6 6M9 3l-6 6" />
                </svg>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Choice({ option }: { option: Option }) {
  return <option value={option.id}>{option.text}</option>
}

function grouped(options: readonly Option[]): [string, Option[]][] {
  const groups = new Map<string, Option[]>()
  for (const o of options) {
    const key = o.group ?? ''
    const held = groups.get(key)
    if (held) held.push(o)
    else groups.set(key, [o])
  }
  return [...groups]
}
