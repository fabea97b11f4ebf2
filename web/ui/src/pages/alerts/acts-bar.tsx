import { useEffect } from 'preact/hooks'
import { Copy } from '../../parts/copy.tsx'
import { can, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { act, isSending, outcome } from './acts.ts'
import { type Ask, asking } from './desk.ts'

/** What an officer can do about this alert, and how the last of it went. */
export function AlertActs({ alert: a }: { alert: Alert }) {
  const w = words.value
  const said = outcome.value
  // The button that was pressed may be gone with the press: the focus goes on with the alert.
  useEffect(() => {
    if (said?.id !== a.id || document.activeElement !== document.body) return
    const heading = document.querySelector('.alert-head h3')
    if (heading instanceof HTMLElement) heading.focus({ preventScroll: true })
  }, [said])
  const open = a.state === 'open'
  const busy = isSending(a.id)
  const ask = (what: Ask) => () => {
    asking.value = { what, alerts: [a] }
  }
  return (
    <>
      <div class="entry-acts">
        {can('officer') && open && !a.acknowledged_at && (
          <button
            type="button"
            class="main"
            disabled={busy}
            aria-keyshortcuts="a"
            onClick={() => void act(a.id, 'acknowledge')}
          >
            {w.t('act.acknowledge')}
          </button>
        )}
        {can('officer') && (
          <button type="button" class="quiet" disabled={busy} aria-keyshortcuts="c" onClick={ask('comments')}>
            {w.t('act.comment')}
          </button>
        )}
        {can('officer') && open && (
          <>
            <button type="button" class="quiet" disabled={busy} aria-keyshortcuts="g" onClick={ask('assign')}>
              {w.t(a.assignee ? 'act.reassign' : 'act.assign')}
            </button>
            <button type="button" class="quiet" aria-keyshortcuts="s" onClick={ask('silence')}>
              {w.t('act.silence')}
            </button>
            <button type="button" class="quiet" disabled={busy} aria-keyshortcuts="x" onClick={ask('close')}>
              {w.t('act.close_alert')}
            </button>
          </>
        )}
        <Copy text={linkTo(a.id)} of={w.t('act.link')} label={w.t('act.copy_link')} />
        <button type="button" class="quiet" onClick={() => window.print()}>
          {w.t('act.print')}
        </button>
      </div>
      <Said alert={a} />
    </>
  )
}

function Said({ alert: a }: { alert: Alert }) {
  const w = words.value
  const o = outcome.value
  if (isSending(a.id))
    return (
      <p class="told" role="status">
        {w.t('alert.sending')}
      </p>
    )
  if (o?.id !== a.id) return null
  if (o.good)
    return (
      <p class="told fine" role="status">
        {w.t(o.text)}
      </p>
    )
  return (
    <p role="alert">
      {w.t(o.text)} {o.detail && <small lang="en">{o.detail}</small>}
    </p>
  )
}

function linkTo(id: string): string {
  return new URL(`./alerts?alert=${encodeURIComponent(id)}`, document.baseURI).href
}
