import { useEffect, useRef } from 'preact/hooks'
import { decimalsOf, shortName } from '../../panels/figures.ts'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { parameters, words } from '../../state.ts'
import type { Conflict } from '../../wire-doors.ts'
import { conflicts, conflictsOf, stationName } from './state.ts'

/** Two values for the same instant: the one that history keeps, and the one that came later. Both are in the log. */
export function Conflicts() {
  const w = words.value
  const station = conflictsOf.value
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (station) heading.current?.focus()
  }, [station])
  if (!station) return null
  const { status, value, error } = conflicts.state.value
  const title = w.t('ledger.conflicts', { station: stationName(station) || station })
  return (
    <section class="conflicts" aria-label={title}>
      <div class="body-head">
        <h3 ref={heading} tabIndex={-1}>
          {title}
        </h3>
        <button type="button" class="quiet" onClick={() => refine({ conflicts: '' })}>
          {w.t('act.close')}
        </button>
      </div>
      {status === 'failed' && <Failed error={error} />}
      {status === 'loading' && <Waiting />}
      {value?.length === 0 && <p class="told">{w.t('ledger.conflicts_none')}</p>}
      {value && value.length > 0 && <ConflictTable conflicts={value} />}
    </section>
  )
}

function ConflictTable({ conflicts: all }: { conflicts: readonly Conflict[] }) {
  const w = words.value
  return (
    <table class="grid">
      <thead>
        <tr>
          <th scope="col">{w.t('col.parameter')}</th>
          <th scope="col">{w.t('col.measured_at')}</th>
          <th scope="col" class="num">
            {w.t('ledger.kept')}
          </th>
          <th scope="col" class="num">
            {w.t('ledger.other')}
          </th>
          <th scope="col" class="wide">
            {w.t('col.received_at')}
          </th>
          <th scope="col" class="wide">
            {w.t('col.gateway')}
          </th>
        </tr>
      </thead>
      <tbody>
        {all.map((c) => (
          <tr key={`${c.parameter} ${c.measured_at} ${c.received_at}`}>
            <th scope="row">{shortName(c.parameter, parameters.value, w)}</th>
            <td>{w.moment(c.measured_at)}</td>
            <td class="num">
              <Value parameter={c.parameter} of={c.kept} />
            </td>
            <td class="num">
              <Value parameter={c.parameter} of={c.other} />
            </td>
            <td class="wide">{w.moment(c.received_at)}</td>
            <td class="wide">{c.gateway}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Value({ parameter, of }: { parameter: string; of: Conflict['kept'] }) {
  const w = words.value
  const unit = parameters.value.get(parameter)?.unit ?? ''
  return (
    <>
      {of.value === null ? (
        <i>{w.t('decode.no_value')}</i>
      ) : (
        <b>{w.measured(of.value, decimalsOf(parameter, parameters.value))}</b>
      )}{' '}
      <small>{of.value === null ? '' : unit}</small>
      {of.status !== 'measuring' && <span class="marks">{w.named('status', of.status)}</span>}
    </>
  )
}
