import { useSignal } from '@preact/signals'
import { placeName } from '../../alert.ts'
import { MuteForm } from '../../mutes/form.tsx'
import { matcherOf } from '../../mutes/mute.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { me, openAlerts, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { act, actOnAll } from './acts.ts'
import type { Act, ActBody } from './client.ts'
import { asking } from './desk.ts'

/** The dialog that is open, if there is one. */
export function Asking() {
  const a = asking.value
  if (!a) return null
  if (a.what === 'silence') {
    return <MuteForm kind="silence" matcher={matcherOf(a.alerts)} meant={a.alerts.length} onDone={close} />
  }
  if (a.what === 'comments') return <CommentDialog alerts={a.alerts} />
  return a.what === 'assign' ? <AssignDialog alerts={a.alerts} /> : <CloseDialog alerts={a.alerts} />
}

function close(): void {
  asking.value = null
}

/** The dialog goes at once; how it went is said beside the alert, or beside the list for several. */
function send(alerts: readonly Alert[], what: Act, body: ActBody): void {
  close()
  const [first] = alerts
  if (alerts.length === 1 && first) void act(first.id, what, body)
  else
    void actOnAll(
      alerts.map((a) => a.id),
      what,
      body,
    )
}

function about(alerts: readonly Alert[]): string {
  const w = words.value
  const [first] = alerts
  return alerts.length === 1 && first ? placeName(first, w) : w.t('alerts.count', { n: w.count(alerts.length) })
}

function CommentDialog({ alerts }: { alerts: readonly Alert[] }) {
  const w = words.value
  const text = useSignal('')
  return (
    <Dialog title={w.t('act.comment')} onClose={close}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault()
          if (text.value.trim()) send(alerts, 'comments', { comment: text.value.trim() })
        }}
      >
        <p class="note">{about(alerts)}</p>
        <label>
          {w.t('ask.comment')}
          <textarea
            class="prose"
            name="comment"
            rows={4}
            maxLength={4000}
            required
            autofocus
            value={text.value}
            onInput={(e) => {
              text.value = e.currentTarget.value
            }}
          />
          <small>{w.t('ask.kept')}</small>
        </label>
        <Buttons act={w.t('ask.send')} />
      </form>
    </Dialog>
  )
}

function AssignDialog({ alerts }: { alerts: readonly Alert[] }) {
  const w = words.value
  const mine = me.value
  const who = useSignal(alerts.length === 1 ? (alerts[0]?.assignee ?? '') : '')
  return (
    <Dialog title={w.t('act.assign')} onClose={close}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault()
          send(alerts, 'assign', { assignee: who.value.trim() })
        }}
      >
        <p class="note">{about(alerts)}</p>
        <label>
          {w.t('ask.assignee')}
          <input
            name="assignee"
            list="known-people"
            maxLength={200}
            autofocus
            autocomplete="off"
            value={who.value}
            onInput={(e) => {
              who.value = e.currentTarget.value
            }}
          />
          <small>{w.t('ask.assignee_hint')}</small>
        </label>
        {mine && who.value !== mine.name && (
          <button
            type="button"
            class="link"
            onClick={() => {
              who.value = mine.name
            }}
          >
            {w.t('account.assign_me', { name: mine.name })}
          </button>
        )}
        <datalist id="known-people">
          {people().map((p) => (
            <option key={p} value={p} />
          ))}
        </datalist>
        <Buttons act={who.value.trim() ? w.t('act.assign') : w.t('ask.unassign')} />
      </form>
    </Dialog>
  )
}

/** Whoever has acted or was named on what is open. */
function people(): string[] {
  const names = [...openAlerts.value.values()].flatMap((a) => [a.assignee ?? '', a.acknowledged_by ?? ''])
  return [...new Set(names.filter(Boolean))].sort()
}

const CAUSES = [
  'ask.cause_fixed',
  'ask.cause_calibration',
  'ask.cause_fault',
  'ask.cause_wrong',
  'ask.cause_known',
] as const

function CloseDialog({ alerts }: { alerts: readonly Alert[] }) {
  const w = words.value
  const cause = useSignal('')
  return (
    <Dialog title={w.t('act.close_alert')} onClose={close}>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault()
          if (cause.value.trim()) send(alerts, 'close', { cause: cause.value.trim() })
        }}
      >
        <p class="note">{about(alerts)}</p>
        <p>{w.t('ask.close_hint')}</p>
        <label>
          {w.t('ask.cause')}
          <input
            name="cause"
            maxLength={4000}
            required
            autofocus
            autocomplete="off"
            value={cause.value}
            onInput={(e) => {
              cause.value = e.currentTarget.value
            }}
          />
        </label>
        <fieldset class="chips">
          <legend class="heard">{w.t('ask.causes')}</legend>
          {CAUSES.map((c) => (
            <button
              key={c}
              type="button"
              onClick={() => {
                cause.value = w.t(c)
              }}
            >
              {w.t(c)}
            </button>
          ))}
        </fieldset>
        <Buttons act={w.t('act.close_alert')} />
      </form>
    </Dialog>
  )
}

function Buttons({ act: text }: { act: string }) {
  return (
    <div class="dialog-acts">
      <button type="button" class="quiet" onClick={close}>
        {words.value.t('act.cancel')}
      </button>
      <button type="submit" class="main">
        {text}
      </button>
    </div>
  )
}
