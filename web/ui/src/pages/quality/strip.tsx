import { words } from '../../state.ts'
import type { Strip } from '../../wire-quality.ts'
import { type Cell, type Row, rowsOf } from './cells.ts'

/** When data came: a calendar of hours or days, each filled as far as it is complete. */
export function StripTable({ of: s }: { of: Strip }) {
  const w = words.value
  const daily = s.every_seconds > 3600
  const rows = rowsOf(s)
  const columns = Array.from({ length: daily ? 31 : 24 }, (_, i) => (daily ? i + 1 : i))
  return (
    <div class="strip">
      <table>
        <caption>
          <b>{w.t(daily ? 'six.strip_days' : 'six.strip_hours')}</b> {w.t('six.strip_caption')}
        </caption>
        <thead>
          <tr>
            <th scope="col">{w.t(daily ? 'six.month' : 'six.day')}</th>
            {columns.map((c) => (
              <th key={c} scope="col" class={c % (daily ? 5 : 3) === 0 ? '' : 'minor'}>
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <Line key={r.at} of={r} daily={daily} />
          ))}
        </tbody>
      </table>
      <Key />
    </div>
  )
}

function Line({ of: r, daily }: { of: Row; daily: boolean }) {
  const w = words.value
  return (
    <tr>
      <th scope="row">{daily ? w.fullDay(r.at).slice(3) : w.day(r.at)}</th>
      {r.cells.map((c, i) => (
        <Square key={i} of={c} daily={daily} />
      ))}
    </tr>
  )
}

function Square({ of: c, daily }: { of: Cell | null; daily: boolean }) {
  const w = words.value
  if (!c) return <td class="out" />
  const when = daily ? w.fullDay(c.at) : w.date(c.at)
  const told = c.unknown
    ? w.t('six.cell_unknown', { when })
    : w.t('six.cell', { when, received: w.count(c.received), expected: w.count(c.expected) })
  return (
    <td class={c.level === null ? 'idle' : `l${c.level}`} title={told}>
      <span class="heard">
        {c.level === null ? '' : w.t('six.cell', { when: '', received: c.received, expected: c.expected })}
      </span>
    </td>
  )
}

function Key() {
  const w = words.value
  return (
    <p class="strip-key" aria-hidden="true">
      <i class="l10" /> {w.t('six.key_full')} <i class="l6" /> {w.t('six.key_part')} <i class="l0" />{' '}
      {w.t('six.key_none')} <i class="idle" /> {w.t('six.key_idle')}
    </p>
  )
}
