import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { decimalsOf, shortName } from '../panels/figures.ts'
import { parameters, stations, words } from '../state.ts'
import type { Decoded, DecodedReading, Reject } from '../wire-doors.ts'

/** How many rows are put on the page at first: one delivery may hold twenty thousand. */
const FIRST = 200

/** What a payload was understood as: the format, the readings, the flags in words, and what was rejected. */
export function DecodedView({ decoded, children }: { decoded: Decoded; children?: ComponentChildren }) {
  return (
    <>
      <Recognised decoded={decoded} />
      {children}
      <Readings readings={decoded.readings} />
      <Rejects rejects={decoded.rejected} />
    </>
  )
}

function Recognised({ decoded }: { decoded: Decoded }) {
  const w = words.value
  const known = decoded.dialect !== ''
  return (
    <p class={known ? 'recognised' : 'recognised not'} role="status" data-dialect={decoded.dialect}>
      {known ? (
        <>
          {w.t('decode.recognised')} <b>{w.named('dialect', decoded.dialect)}</b>
        </>
      ) : (
        <b>{w.t('decode.unrecognised')}</b>
      )}
      <span>
        {w.t('decode.summary', {
          readings: w.count(decoded.readings.length),
          rejected: w.count(decoded.rejected.length),
        })}
      </span>
    </p>
  )
}

function Readings({ readings }: { readings: readonly DecodedReading[] }) {
  const w = words.value
  const most = useSignal(FIRST)
  if (readings.length === 0) return <p class="told">{w.t('decode.no_readings')}</p>
  const shown = readings.slice(0, most.value)
  const flags = [...new Set(readings.flatMap((r) => r.flags))]
  return (
    <section aria-label={w.t('decode.readings')}>
      <table class="grid readings">
        <thead>
          <tr>
            <th scope="col">{w.t('col.parameter')}</th>
            <th scope="col" class="num">
              {w.t('col.value')}
            </th>
            <th scope="col" class="unit">
              {w.t('col.unit')}
            </th>
            <th scope="col">{w.t('col.status')}</th>
            <th scope="col">{w.t('col.flags')}</th>
            <th scope="col" class="when">
              {w.t('col.measured_at')}
            </th>
          </tr>
        </thead>
        {byStation(shown).map(([station, rows], i) => (
          <tbody key={`${station}-${i}`}>
            <tr class="group">
              <th scope="rowgroup" colSpan={6}>
                {w.text(stations.value.get(station)?.name) || station} <small>{station}</small>
              </th>
            </tr>
            {rows.map((r) => (
              <Row key={`${r.parameter}-${r.measured_at}`} reading={r} />
            ))}
          </tbody>
        ))}
      </table>
      {readings.length > shown.length && (
        <p class="note">
          {w.t('decode.shown', { n: w.count(shown.length), all: w.count(readings.length) })}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              most.value += 10 * FIRST
            }}
          >
            {w.t('load.more')}
          </button>
        </p>
      )}
      {flags.length > 0 && <Meanings flags={flags} />}
    </section>
  )
}

function Row({ reading: r }: { reading: DecodedReading }) {
  const w = words.value
  return (
    <tr class={r.status === 'measuring' ? '' : 'odd'}>
      <th scope="row" title={w.text(parameters.value.get(r.parameter)?.name)}>
        {shortName(r.parameter, parameters.value, w)}
      </th>
      <td class="num" data-unit={r.unit}>
        {r.value === null ? (
          <i>{w.t('decode.no_value')}</i>
        ) : (
          <b>{w.measured(r.value, decimalsOf(r.parameter, parameters.value))}</b>
        )}
      </td>
      <td class="unit">{r.unit}</td>
      <td>{w.named('status', r.status)}</td>
      <td class="flagged">
        <Flags flags={r.flags} />
      </td>
      <td class="when">
        <time dateTime={r.measured_at}>{w.moment(r.measured_at)}</time>
      </td>
    </tr>
  )
}

function Flags({ flags }: { flags: readonly string[] }) {
  const w = words.value
  if (flags.length === 0) return null
  return (
    <ul class="flags">
      {flags.map((f) => (
        <li key={f}>{w.named('flag', f)}</li>
      ))}
    </ul>
  )
}

/** Said once for each flag that occurs, in words, where a finger can read it as well as a pointer. */
function Meanings({ flags }: { flags: readonly string[] }) {
  const w = words.value
  return (
    <dl class="meanings" aria-label={w.t('decode.flags')}>
      {flags.map((f) => (
        <div key={f}>
          <dt>{w.named('flag', f)}</dt>
          <dd>{w.said('flag_why', f)}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Rejected parts, together where the reason is the same; `most` keeps a delivery with thousands of them readable. */
export function Rejects({ rejects, most = 20 }: { rejects: readonly Reject[]; most?: number }) {
  const w = words.value
  if (rejects.length === 0) return null
  return (
    <section aria-label={w.t('decode.rejected')}>
      <h3>{w.t('decode.rejected')}</h3>
      <ul class="rejects">
        {byReason(rejects).map(([reason, parts]) => (
          <li key={reason}>
            <p>
              <b>{w.named('reason', reason)}</b> {parts.length > 1 && <small>× {w.count(parts.length)}</small>}
            </p>
            <p>{w.said('reason_why', reason)}</p>
            <ul class="raw" lang="en">
              {parts.slice(0, most).map((r, i) => (
                <li key={`${i} ${r.detail}`}>{r.detail}</li>
              ))}
            </ul>
            {parts.length > most && (
              <p class="note">{w.t('quarantine.more_reasons', { n: w.count(parts.length - most) })}</p>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function byReason(rejects: readonly Reject[]): [string, Reject[]][] {
  const groups = new Map<string, Reject[]>()
  for (const r of rejects) {
    const group = groups.get(r.reason)
    if (group) group.push(r)
    else groups.set(r.reason, [r])
  }
  return [...groups]
}

/** Runs of readings of the same station, in their order. */
function byStation(readings: readonly DecodedReading[]): [string, DecodedReading[]][] {
  const groups: [string, DecodedReading[]][] = []
  for (const r of readings) {
    const last = groups.at(-1)
    if (last?.[0] === r.station) last[1].push(r)
    else groups.push([r.station, [r]])
  }
  return groups
}
