import { decimalsOf } from '../../panels/figures.ts'
import { parameters, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { condensed, type Drawn, isOfValues, type Span } from './series.ts'

/** What the sheet of an alert has beside what the page shows: the values behind it, and who answers for the sheet. */

const MOST_ROWS = 48

interface ValuesProps {
  alert: Alert
  code: string
  drawn: Drawn
  span: Span
}

/** The values while the alert lasted. On paper only: on the screen there is the chart, and the page of the station. */
export function PrintValues({ alert: a, code, drawn, span }: ValuesProps) {
  const w = words.value
  const rows = condensed(drawn, span, MOST_ROWS)
  if (rows.length === 0) return null
  const decimals = decimalsOf(code, parameters.value)
  const limit = isOfValues(a) ? a.limit : null
  const single = drawn.raw && rows.every((r) => r.count === 1)
  return (
    <section class="print-values">
      <h3>
        {w.t('print.values')} ({a.unit ?? parameters.value.get(code)?.unit ?? ''})
      </h3>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{w.t(single ? 'col.measured_at' : 'station.window')}</th>
            <th scope="col" class="num">
              {w.t(single ? 'col.value' : 'station.mean')}
            </th>
            {!single && (
              <>
                <th scope="col" class="num">
                  {w.t('station.min')}
                </th>
                <th scope="col" class="num">
                  {w.t('station.max')}
                </th>
                <th scope="col" class="num">
                  {w.t('station.readings')}
                </th>
              </>
            )}
            {limit !== null && (
              <th scope="col" class="num">
                {w.t('station.times')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.time}>
              <td>{w.moment(r.time)}</td>
              <td class="num">{w.measured(r.mean, decimals)}</td>
              {!single && (
                <>
                  <td class="num">{w.measured(r.min, decimals)}</td>
                  <td class="num">{w.measured(r.max, decimals)}</td>
                  <td class="num">{w.count(r.count)}</td>
                </>
              )}
              {limit !== null && <td class="num">{code === 'ph' ? '' : `${w.ratio(r.mean / limit)}×`}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** Room for two names by hand. */
export function PrintSign() {
  const w = words.value
  return (
    <footer class="print-sign">
      {(['print.signed', 'print.checked'] as const).map((role) => (
        <div key={role}>
          <p>
            <b>{w.t(role)}</b>
          </p>
          <p>{w.t('print.sign_here')}</p>
        </div>
      ))}
    </footer>
  )
}
