import '../styles/mutes.css'
import { type Signal, useSignal } from '@preact/signals'
import { Dialog } from '../parts/dialog.tsx'
import { Segments } from '../parts/segments.tsx'
import { trouble } from '../parts/trouble.ts'
import { toLocal } from '../parts/zone.ts'
import { openAlerts, present, words } from '../state.ts'
import type { Matcher, Mute } from '../wire.ts'
import { createMute } from './client.ts'
import { begin, type Draft, emptyDraft, end, faultOf, HOURS, type Length, specOf, withLength } from './draft.ts'
import { MatcherFields } from './matcher.tsx'
import { isEmpty, matches } from './mute.ts'
import { sentence } from './sentence.ts'
import { names, refreshMutes } from './state.ts'

interface MuteFormProps {
  kind: Mute['kind']
  matcher?: Matcher
  /** How many alerts it is made for; 0 when it is made by hand. */
  meant?: number
  onDone: (made: Mute | null) => void
}

/** Makes a silence or a maintenance window, with the sentence that says what it will do. */
export function MuteForm({ kind, matcher = {}, meant = 0, onDone }: MuteFormProps) {
  const w = words.value
  const draft = useSignal<Draft>(emptyDraft(kind, matcher))
  const tried = useSignal(false)
  const busy = useSignal(false)
  const error = useSignal<unknown>(null)
  const fault = faultOf(draft.value, present.value)
  const submit = async (e: SubmitEvent) => {
    e.preventDefault()
    tried.value = true
    const d = draft.peek()
    if (faultOf(d, Date.now())) return
    busy.value = true
    error.value = null
    try {
      const made = await createMute(kind, specOf(d, Date.now()))
      refreshMutes()
      onDone(made)
    } catch (err) {
      error.value = err
    }
    busy.value = false
  }
  const said = error.value === null ? null : trouble(error.value)
  return (
    <Dialog title={w.t(kind === 'silence' ? 'mute.new_silence' : 'mute.new_maintenance')} onClose={() => onDone(null)}>
      <form class="form mute-form" onSubmit={submit} noValidate>
        <Preview draft={draft.value} meant={meant} />
        <Times draft={draft} />
        <label>
          {w.t('mute.reason')}
          <textarea
            class="prose"
            name="reason"
            rows={2}
            maxLength={4000}
            autofocus={meant > 0}
            placeholder={w.t(kind === 'silence' ? 'mute.reason_like' : 'mute.reason_like_maintenance')}
            value={draft.value.reason}
            onInput={(e) => {
              draft.value = { ...draft.peek(), reason: e.currentTarget.value }
            }}
          />
        </label>
        <details open={meant === 0}>
          <summary>{w.t('mute.which')}</summary>
          <MatcherFields
            matcher={draft.value.matcher}
            change={(m) => {
              draft.value = { ...draft.peek(), matcher: m }
            }}
          />
        </details>
        {tried.value && fault && <p role="alert">{w.t(fault)}</p>}
        {said && (
          <p role="alert">
            {w.t(said.text)} {said.detail && <small lang="en">{said.detail}</small>}
          </p>
        )}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={() => onDone(null)}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {w.t(kind === 'silence' ? 'mute.create_silence' : 'mute.create_maintenance')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** What it will do, and how many of the open alerts it reaches: more than were meant is said. */
function Preview({ draft: d, meant }: { draft: Draft; meant: number }) {
  const w = words.value
  const when = { from: d.from === '' ? null : begin(d, present.value), to: end(d, present.value) }
  const reached = [...openAlerts.value.values()].filter((a) => matches(d.matcher, a)).length
  return (
    <div class="mute-preview" role="status">
      <p>
        <b>{isEmpty(d.matcher) ? w.t('mute.name_one') : sentence(d.matcher, when, names.value, w)}</b>
      </p>
      <p class="note">
        {!isEmpty(d.matcher) && w.t('mute.reaches', { n: w.count(reached) })}
        {meant > 0 && reached > meant && <em> {w.t('mute.reaches_more', { n: w.count(reached - meant) })}</em>}{' '}
        {w.t('mute.alerts_go_on')}
      </p>
    </div>
  )
}

function Times({ draft }: { draft: Signal<Draft> }) {
  const w = words.value
  const d = draft.value
  const later = d.from !== ''
  const nextHour = () => toLocal(Math.ceil(Date.now() / 3_600_000) * 3_600_000).slice(0, 16)
  return (
    <div class="mute-times">
      <label class="check">
        <input
          type="checkbox"
          checked={later}
          onChange={(e) => {
            draft.value = { ...draft.peek(), from: e.currentTarget.checked ? nextHour() : '' }
          }}
        />
        {w.t('mute.later')}
      </label>
      {later && (
        <label>
          {w.t('mute.begins')}
          <input
            type="datetime-local"
            value={d.from}
            onInput={(e) => {
              draft.value = { ...draft.peek(), from: e.currentTarget.value }
            }}
          />
        </label>
      )}
      <Segments
        label={w.t('mute.length')}
        options={[...(Object.keys(HOURS) as Length[]), 'own' as const].map((l) => [l, w.t(`mute.${l}`)] as const)}
        value={d.length}
        choose={(length) => {
          draft.value = withLength(draft.peek(), length, Date.now())
        }}
      />
      {d.length === 'own' && (
        <label>
          {w.t('mute.ends')}
          <input
            type="datetime-local"
            value={d.to}
            onInput={(e) => {
              draft.value = { ...draft.peek(), to: e.currentTarget.value }
            }}
          />
        </label>
      )}
    </div>
  )
}
