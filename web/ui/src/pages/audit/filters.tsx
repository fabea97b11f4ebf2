import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { FILTERS, filter } from './state.ts'

const GROUPS = [
  'alert',
  'silence',
  'maintenance',
  'rule',
  'limits',
  'park',
  'station',
  'registry',
  'gateway',
  'alias',
  'quarantine',
  'webhook',
  'mail',
  'delivery',
  'user',
  'session',
  'token',
] as const

/** The filter stands in the address, so that a list can be sent to somebody as a link. */
export function Filters() {
  const w = words.value
  const f = filter.value
  const field = (name: 'actor' | 'object') => (
    <input
      name={name}
      type="search"
      aria-label={w.t(`audit.${name}`)}
      placeholder={w.t(`audit.${name}`)}
      defaultValue={f[name]}
      onChange={(e) => refine({ [name]: e.currentTarget.value.trim() })}
    />
  )
  const time = (name: 'from' | 'to') => (
    <label class="when">
      {w.t(`audit.time_${name}`)}
      <input
        name={name}
        type="datetime-local"
        value={f[name]}
        onChange={(e) => refine({ [name]: e.currentTarget.value })}
      />
    </label>
  )
  return (
    <div class="filters">
      <select
        aria-label={w.t('audit.kind')}
        value={f.action}
        onChange={(e) => refine({ action: e.currentTarget.value })}
      >
        <option value="">{w.t('audit.any_kind')}</option>
        {GROUPS.map((g) => (
          <option key={g} value={g}>
            {w.t(`audit.of_${g}`)}
          </option>
        ))}
      </select>
      {field('actor')}
      {field('object')}
      {time('from')}
      {time('to')}
      {FILTERS.some((name) => f[name] !== '') && (
        <button
          type="button"
          class="link"
          onClick={() => refine(Object.fromEntries(FILTERS.map((name) => [name, ''])))}
        >
          {w.t('audit.clear')}
        </button>
      )}
    </div>
  )
}
