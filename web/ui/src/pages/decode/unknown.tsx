import { useSignal } from '@preact/signals'
import { useId, useRef } from 'preact/hooks'
import { NeedRole } from '../../parts/notes.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Retries } from '../../parts/retry.ts'
import { trouble } from '../../parts/trouble.ts'
import { can, parameters, stations, words } from '../../state.ts'
import type { NewMapping, Proposal, Unknown } from '../../wire-doors.ts'
import { retryEntry } from '../quarantine/client.ts'
import { type Accepted, accept, accepted } from './state.ts'

/** Names that nobody has mapped, with what they may mean. */
export function UnknownNames({ items }: { items: readonly Unknown[] }) {
  const w = words.value
  if (items.length === 0) return null
  return (
    <section class="unknown" aria-label={w.t('decode.unknown')}>
      <h3>{w.t('decode.unknown')}</h3>
      <NeedRole need="admin" what={w.t('decode.accept_what')} />
      {items.map((u) => (
        <UnknownName key={`${u.kind}-${u.station}-${u.name}`} unknown={u} />
      ))}
    </section>
  )
}

function UnknownName({ unknown: u }: { unknown: Unknown }) {
  const w = words.value
  const target = useSignal(u.proposals[0]?.target ?? '')
  const onlyHere = useSignal(false)
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const choose = (t: string) => {
    target.value = t
  }
  const onSubmit = async (e: SubmitEvent) => {
    e.preventDefault()
    busy.value = true
    failed.value = null
    const mapping: NewMapping = { kind: u.kind, name: u.name, target: target.value }
    if (onlyHere.value) mapping.station = u.station
    try {
      await accept(u, mapping)
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const problem = failed.value ? trouble(failed.value) : null
  return (
    <form onSubmit={onSubmit}>
      <fieldset>
        <legend>
          {w.t(u.kind === 'station' ? 'decode.unknown_station' : 'decode.unknown_parameter', { name: u.name })}
        </legend>
        <Proposals unknown={u} target={target.value} choose={choose} />
        {can('admin') && (
          <div class="accept">
            <Another unknown={u} target={target.value} choose={choose} />
            {u.kind === 'parameter' && u.station !== '' && (
              <label class="check">
                <input
                  type="checkbox"
                  checked={onlyHere.value}
                  onChange={(e) => {
                    onlyHere.value = e.currentTarget.checked
                  }}
                />
                {w.t('decode.only_here', { station: u.station })}
              </label>
            )}
            <button type="submit" class="main" disabled={busy.value || target.value === ''}>
              {w.t('decode.accept')}
            </button>
          </div>
        )}
        {problem && (
          <p role="alert">
            {w.t(problem.text)} {problem.detail}
          </p>
        )}
      </fieldset>
    </form>
  )
}

interface ChoiceProps {
  unknown: Unknown
  target: string
  choose: (target: string) => void
}

function Proposals({ unknown: u, target, choose }: ChoiceProps) {
  const w = words.value
  const group = useId()
  if (u.proposals.length === 0) return <p class="note">{w.t('decode.no_proposal')}</p>
  return (
    <div class="proposals">
      {u.proposals.map((p) => (
        <label key={p.target} class="proposal">
          <input type="radio" name={group} checked={p.target === target} onChange={() => choose(p.target)} />
          <span>
            <b>{w.text(p.name) || p.target}</b> <small>{p.target}</small>
          </span>
          <Score proposal={p} />
        </label>
      ))}
    </div>
  )
}

/** Everything that the name could mean, for when no proposal is right. */
function Another({ unknown: u, target, choose }: ChoiceProps) {
  const w = words.value
  const all: [string, string][] =
    u.kind === 'parameter'
      ? [...parameters.value.values()].map((p) => [p.code, w.text(p.name)])
      : [...stations.value.values()].map((s) => [s.id, w.text(s.name)])
  return (
    <select
      aria-label={w.t('decode.other')}
      value={u.proposals.some((p) => p.target === target) ? '' : target}
      onChange={(e) => choose(e.currentTarget.value)}
    >
      <option value="">{w.t(u.proposals.length > 0 ? 'decode.other' : 'decode.choose')}</option>
      {all.map(([value, name]) => (
        <option key={value} value={value}>
          {name} ({value})
        </option>
      ))}
    </select>
  )
}

function Score({ proposal }: { proposal: Proposal }) {
  const w = words.value
  const percent = Math.round(Math.min(1, Math.max(0, proposal.score)) * 100)
  return (
    <span class="score" title={proposal.reason}>
      <svg viewBox="0 0 50 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="50" height="6" rx="1.5" />
        <rect class="bar" width={percent / 2} height="6" rx="1.5" />
      </svg>
      {w.t('decode.score', { n: percent })}
    </span>
  )
}

/** What has been accepted on this page, and the deliveries that can now be tried again. */
export function AcceptedNames() {
  return (
    <ul class="accepted">
      {accepted.value.map((a) => (
        <AcceptedName key={a.mapping.id} accepted={a} />
      ))}
    </ul>
  )
}

function AcceptedName({ accepted: a }: { accepted: Accepted }) {
  const w = words.value
  const retries = useRef(new Retries(retryEntry)).current
  const { mapping, waiting } = a
  const n = waiting?.length ?? 0
  const name = w.text((mapping.kind === 'parameter' ? parameters : stations).value.get(mapping.target)?.name)
  return (
    <li>
      <p class="told fine" role="status">
        {w.t('decode.accepted', { name: mapping.name, target: name || mapping.target })}{' '}
        {waiting && w.t(n > 0 ? 'decode.waiting' : 'decode.waiting_none', { n: w.count(n) })}
      </p>
      {waiting && n > 0 && !retries.tally.value && (
        <button type="button" class="main" onClick={() => void retries.run(waiting)}>
          {w.t('decode.waiting_retry', { n: w.count(n) })}
        </button>
      )}
      <Progress of={retries} />
    </li>
  )
}
