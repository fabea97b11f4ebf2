import { useEffect } from 'preact/hooks'
import { decimalsOf, shortName } from '../../panels/figures.ts'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { parameters, words } from '../../state.ts'
import type { RawRow } from '../../wire.ts'
import { followRows, moreRows, onlyMarked, rows, rowsOpen } from './rows-state.ts'
import { drawn, main, refresh } from './state.ts'

/** The readings as they are stored, with what the device and the checks say of each. */
export function RowsCard() {
  const w = words.value
  useEffect(followRows, [])
  const name = shortName(main.value.parameter, parameters.value, w)
  return (
    <details
      class="card rows"
      open={rowsOpen.value}
      onToggle={(e) => {
        rowsOpen.value = e.currentTarget.open
      }}
    >
      <summary>
        <h3>{w.t('station.rows', { parameter: name })}</h3>
      </summary>
      {rowsOpen.value && <Body />}
    </details>
  )
}

function Body() {
  const w = words.value
  const { status, value, error } = rows.state.value
  return (
    <>
      <div class="card-head">
        <label class="check">
          <input
            type="checkbox"
            checked={onlyMarked.value}
            onChange={(e) => refine({ rows: e.currentTarget.checked ? 'marked' : '' })}
          />
          {w.t('station.only_marked')}
        </label>
        {value && <small>{w.t('station.rows_shown', { n: w.count(value.items.length) })}</small>}
      </div>
      {status === 'failed' && <Failed error={error} again={refresh} />}
      {!value && status === 'loading' && <Waiting />}
      {value && value.items.length === 0 && <p class="note">{w.t('station.no_rows')}</p>}
      {value && value.items.length > 0 && <Table of={value.items} />}
      {value?.next_cursor && (
        <button type="button" class="quiet more" disabled={status === 'loading'} onClick={() => void moreRows()}>
          {w.t('load.more')}
        </button>
      )}
    </>
  )
}

function Table({ of: items }: { of: readonly RawRow[] }) {
  const w = words.value
  const code = main.value.parameter
  const decimals = decimalsOf(code, parameters.value)
  const unit = parameters.value.get(code)?.unit ?? ''
  const others = new Map((drawn.state.value.value?.points ?? []).map((p) => [p.time, p.other]))
  return (
    <table class="grid stacked" data-rows={items.length}>
      <thead>
        <tr>
          <th scope="col">{w.t('col.measured_at')}</th>
          <th scope="col" class="num">
            {w.t('col.value')} {unit && <small>{unit}</small>}
          </th>
          <th scope="col" class="num">
            {w.t('station.as_sent')}
          </th>
          <th scope="col">{w.t('col.status')}</th>
          <th scope="col">{w.t('col.flags')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((r) => {
          const other = others.get(Date.parse(r.measured_at))
          return (
            <tr key={r.measured_at} class={r.status === 'measuring' ? '' : 'unusable'}>
              <th scope="row">{w.moment(r.measured_at)}</th>
              <td class="num" data-label={w.t('col.value')}>
                {r.value === null ? <i>{w.t('station.unusable')}</i> : <b>{w.measured(r.value, decimals)}</b>}
              </td>
              <td class="num" data-label={w.t('station.as_sent')}>
                {r.raw === null ? '—' : w.number(r.raw, 6)}
              </td>
              <td data-label={w.t('col.status')}>{w.named('status', r.status)}</td>
              <td data-label={w.t('col.flags')}>
                {[
                  ...r.flags.map((f) => w.named('flag', f)),
                  typeof other === 'number' ? w.t('station.other', { value: w.number(other, 6) }) : '',
                ]
                  .filter(Boolean)
                  .join(', ') || '—'}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
