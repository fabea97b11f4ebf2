import { Link } from '../../parts/link.tsx'
import { refine } from '../../router.ts'
import { parameters, words } from '../../state.ts'
import type { Todo } from '../../wire-quality.ts'
import { sentence } from './sentence.ts'
import { code } from './state.ts'

/** What to do, the weightiest first, each with the stations that it is about. */
export function TodoList({ of: todo, station = '' }: { of: readonly Todo[]; station?: string }) {
  const w = words.value
  return (
    <section class="todo" aria-label={w.t('six.todo')}>
      <h3>{w.t('six.todo')}</h3>
      {todo.length === 0 && <p class="told fine">{w.t('six.todo_none')}</p>}
      {todo.length > 0 && (
        <ul>
          {todo.map((t) => (
            <Item key={t.code} of={t} station={station} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Item({ of: t, station }: { of: Todo; station: string }) {
  const w = words.value
  return (
    <li data-todo={t.code}>
      <span class="word">{w.t(`six.${t.figure}`)}</span>
      <div>
        <b>{sentence(t, w, parameters.value)}</b> <span>{w.said('todo_act', t.code)}</span>
      </div>
      <span class="where">
        {station === '' && <Stations of={t} />}
        <Way of={t} station={station} />
      </span>
    </li>
  )
}

function Stations({ of: t }: { of: Todo }) {
  const w = words.value
  if (t.stations === 0) return <small>{w.t('six.todo_nobody')}</small>
  const n = w.t('six.todo_stations', { n: w.count(t.stations) })
  const on = code.value === t.code
  return (
    <button
      type="button"
      class="quiet"
      aria-pressed={on}
      aria-label={`${n}: ${w.t('six.todo_filter')}`}
      onClick={() => refine({ todo: on ? '' : t.code })}
    >
      {n}
    </button>
  )
}

/** The page where something can be done about it. */
function Way({ of: t, station }: { of: Todo; station: string }) {
  const w = words.value
  switch (t.code) {
    case 'quarantined':
      return <Link page="quarantine">{w.t('six.open_quarantine')}</Link>
    case 'unmapped_parameter':
      return (
        <Link page="quarantine" query={{ reason: 'unknown_parameter' }}>
          {w.t('six.open_quarantine')}
        </Link>
      )
    case 'unmapped_station':
      return (
        <Link page="quarantine" query={{ reason: 'unknown_station' }}>
          {w.t('six.open_quarantine')}
        </Link>
      )
    case 'duplicate':
    case 'revised':
      return (
        <Link page="ledger" query={{ range: '30d', q: station }}>
          {w.t('six.open_ledger')}
        </Link>
      )
    case 'no_number':
    case 'unit_unknown':
      return <Link page="decode">{w.t('six.open_decode')}</Link>
    default:
      return null
  }
}
