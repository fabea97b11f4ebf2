import type { ComponentChildren } from 'preact'
import { shortName } from '../../panels/figures.ts'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { now, parameters, parks, words } from '../../state.ts'
import type { Station } from '../../wire.ts'
import type { Instrument, Passport, Permit } from '../../wire-passport.ts'
import { passport, refresh } from './state.ts'

/** What is registered about the station: papers, devices, who carries its data. */
export function PassportCard({ station: s }: { station: Station }) {
  const w = words.value
  const { status, value, error } = passport.state.value
  return (
    <section class="card passport" aria-labelledby="passport-head">
      <h3 id="passport-head">{w.t('passport.title')}</h3>
      {status === 'failed' && <Failed error={error} again={refresh} />}
      {!value && status === 'loading' && <Waiting />}
      {value && <Facts station={s} of={value} />}
      {value && <Instruments of={value} />}
    </section>
  )
}

function Facts({ station: s, of: p }: { station: Station; of: Passport }) {
  const w = words.value
  const park = parks.value.get(s.park)
  const rows: [string, ComponentChildren][] = []
  const add = (name: string, text: ComponentChildren) => {
    if (text) rows.push([name, text])
  }
  add(w.t('passport.code'), <code>{s.id}</code>)
  add(w.t('passport.aliases'), p.aliases.join(', '))
  add(w.t('panel.park'), w.text(park?.name))
  add(w.t('panel.place'), park?.place)
  add(w.t('panel.water'), p.receiving_water ? w.text(p.receiving_water.name) : park?.receiving_water)
  add(w.t('panel.capacity'), park?.capacity_m3_day && w.t('passport.m3_day', { n: w.number(park.capacity_m3_day, 0) }))
  add(w.t('passport.position'), `${s.location[1].toFixed(5)}, ${s.location[0].toFixed(5)}`)
  add(w.t('passport.cycle'), w.span(p.cycle_seconds * 1000))
  add(w.t('passport.permit'), p.permit ? <PermitText of={p.permit} /> : <Unknown />)
  if (p.inner) {
    add(w.t('passport.gateways'), <Gateways of={p.inner.gateways} />)
    add(w.t('passport.camera'), p.inner.camera ? <Camera address={p.inner.camera} /> : <Unknown />)
  } else add(w.t('passport.camera'), <i>{w.t('passport.for_officers')}</i>)
  add(w.t('panel.confidence'), park?.confidence)
  return (
    <dl class="facts-list">
      {rows.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

function Unknown() {
  return <i>{words.value.t('passport.unknown')}</i>
}

function PermitText({ of: p }: { of: Permit }) {
  const w = words.value
  const over = p.expires !== undefined && Date.parse(p.expires) < now.value
  return (
    <>
      <b>{p.number}</b>
      {p.authority && <> · {p.authority}</>}
      <small>
        {[
          p.issued && w.t('passport.issued', { when: w.fullDay(p.issued) }),
          p.expires && w.t('passport.expires', { when: w.fullDay(p.expires) }),
        ]
          .filter(Boolean)
          .join(' · ')}
      </small>
      {over && <span class="mark">{w.t('passport.expired')}</span>}
    </>
  )
}

function Gateways({ of: list }: { of: { id: string; connected: boolean; last_seen: string | null }[] }) {
  const w = words.value
  if (list.length === 0) return <Unknown />
  return (
    <>
      {list.map((g) => (
        <span key={g.id} class="gateway">
          <code>{g.id}</code>{' '}
          <small>
            {w.t(g.connected ? 'passport.connected' : 'passport.away')}
            {g.last_seen && <> · {w.ago(g.last_seen, now.value)}</>}
          </small>
        </span>
      ))}
    </>
  )
}

/** It leads out of the page, and says so; where it leads gets no word of where from. */
function Camera({ address }: { address: string }) {
  const w = words.value
  return (
    <a href={address} target="_blank" rel="noopener noreferrer">
      {w.t('passport.open_camera')} ↗
    </a>
  )
}

function Instruments({ of: p }: { of: Passport }) {
  const w = words.value
  if (p.instruments.length === 0) return <p class="note">{w.t('passport.no_instruments')}</p>
  return (
    <>
      <h4>{w.t('passport.instruments')}</h4>
      <ul class="instruments">
        {p.instruments.map((i) => (
          <li key={i.serial} class={i.overdue ? 'overdue' : ''}>
            <b>{i.model || w.t('passport.instrument')}</b> <small>{i.serial}</small>
            <span class="soft"> · {(i.parameters ?? []).map((c) => shortName(c, parameters.value, w)).join(', ')}</span>
            <p>
              {i.calibrated && w.t('passport.calibrated', { when: w.fullDay(i.calibrated) })}
              {i.calibrated && i.calibration_due && ' · '}
              <Due of={i} />
            </p>
          </li>
        ))}
      </ul>
    </>
  )
}

function Due({ of: i }: { of: Instrument }) {
  const w = words.value
  if (!i.calibration_due) return null
  const due = Date.parse(i.calibration_due)
  return (
    <>
      {w.t('passport.due', { when: w.fullDay(due) })}{' '}
      <span class={i.overdue ? 'mark' : 'soft'}>
        {i.overdue
          ? w.t('passport.overdue', { span: w.span(now.value - due) })
          : w.t('passport.left', { span: w.span(due - now.value) })}
      </span>
    </>
  )
}
