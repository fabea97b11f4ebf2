import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Segments } from '../../parts/segments.tsx'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { DOORS, REASONS, STATES } from './filter.ts'
import { filter } from './state.ts'

/** The filter stands in the address, so that a list can be sent to somebody as a link. */
export function Filters() {
  const w = words.value
  const f = filter.value
  return (
    <div class="filters">
      <Segments
        label={w.t('quarantine.state')}
        options={STATES.map((s) => [s, w.t(`quarantine.${s}`)] as const)}
        value={STATES.find((s) => s === f.state) ?? 'any'}
        choose={(s) => refine({ state: s === 'open' ? '' : s, entry: '' })}
      />
      <Choice
        label={w.t('col.reason')}
        any={w.t('quarantine.any_reason')}
        value={f.reason}
        options={REASONS.map((r) => [r, w.named('reason', r)])}
        choose={(reason) => refine({ reason, entry: '' })}
      />
      <Choice
        label={w.t('col.door')}
        any={w.t('quarantine.any_door')}
        value={f.door}
        options={DOORS.map((d) => [d, w.named('door', d)])}
        choose={(door) => refine({ door, entry: '' })}
      />
      <GatewayField />
    </div>
  )
}

interface ChoiceProps {
  label: string
  any: string
  value: string
  options: [string, string][]
  choose: (value: string) => void
}

function Choice({ label, any, value, options, choose }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(e) => choose(e.currentTarget.value)}>
      <option value="">{any}</option>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  )
}

const DEBOUNCE = 350

function GatewayField() {
  const w = words.value
  const current = filter.value.gateway
  const typed = useSignal(current)
  const text = typed.value
  // The address may change by "back" as well as by typing.
  useEffect(() => {
    typed.value = current
  }, [typed, current])
  useEffect(() => {
    if (text.trim() === current) return
    const timer = setTimeout(() => refine({ gateway: text.trim(), entry: '' }), DEBOUNCE)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <input
      type="search"
      aria-label={w.t('quarantine.gateway')}
      placeholder={w.t('quarantine.gateway')}
      spellcheck={false}
      autocomplete="off"
      value={text}
      onInput={(e) => {
        typed.value = e.currentTarget.value
      }}
    />
  )
}
