import { Link } from '../../parts/link.tsx'
import { Listed } from '../../parts/notes.tsx'
import { present, words } from '../../state.ts'
import type { Webhook } from '../../wire-notices.ts'
import { getsText } from './gets.ts'
import { hooks, lastSuccess, loadHooks, names } from './state.ts'

/** Every webhook, how it stands and what it gets. */
export function HookList() {
  const w = words.value
  return (
    <section class="notice-list" aria-label={w.t('hooks.list')}>
      <Listed of={hooks.state.value} again={loadHooks} none={w.t('hooks.none')} hint={w.t('hooks.none_hint')}>
        {(items) => (
          <table class="grid stacked">
            <thead>
              <tr>
                <th scope="col">{w.t('notices.name')}</th>
                <th scope="col">{w.t('notices.state')}</th>
                <th scope="col">{w.t('notices.gets')}</th>
                <th scope="col">{w.t('notices.last_success')}</th>
                <th scope="col" class="num">
                  {w.t('notices.pending')}
                </th>
                <th scope="col" class="num">
                  {w.t('notices.dead')}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((h) => (
                <Row key={h.id} hook={h} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
    </section>
  )
}

function Row({ hook: h }: { hook: Webhook }) {
  const w = words.value
  return (
    <tr data-hook={h.id}>
      <th scope="row" class="who">
        <Link page="notices" query={{ id: h.id }}>
          {h.name}
        </Link>
        <small>{h.url}</small>
      </th>
      <td data-label={w.t('notices.state')}>
        <HealthSign hook={h} />
      </td>
      <td data-label={w.t('notices.gets')}>
        {getsText(h, names.value, w)}
        {h.format !== 'quantrac' && <small> · {w.t(`hooks.format_${h.format}`)}</small>}
      </td>
      <td data-label={w.t('notices.last_success')}>
        <LastSuccess hook={h.id} />
      </td>
      <td class="num" data-label={w.t('notices.pending')}>
        {w.count(h.health?.pending ?? 0)}
      </td>
      <td class="num" data-label={w.t('notices.dead')}>
        <Dead n={h.health?.dead ?? 0} />
      </td>
    </tr>
  )
}

export function LastSuccess({ hook }: { hook: string }) {
  const w = words.value
  const at = lastSuccess.value.get(hook)
  if (!at) return <span>{at === null ? w.t('notices.never') : '…'}</span>
  return <span title={w.moment(at)}>{w.ago(at, present.value)}</span>
}

export function Dead({ n }: { n: number }) {
  return n > 0 ? <b class="grave-figure">{words.value.count(n)}</b> : <>0</>
}

/** How it stands: a sign of its own shape, and the word. */
export function HealthSign({ hook: h }: { hook: Pick<Webhook, 'enabled' | 'disabled_reason' | 'health'> }) {
  const w = words.value
  const state = h.health?.state ?? (h.enabled ? 'ok' : 'disabled')
  const { failures = 0, since, next_try } = h.health ?? {}
  return (
    <span class={`health ${state}`}>
      <Sign state={state} />
      <span>
        {w.t(`notices.state_${state}`)}
        {state === 'disabled' && h.disabled_reason && <small lang="en"> {h.disabled_reason}</small>}
        {failures > 0 && since && state !== 'disabled' && (
          <small>
            {' '}
            {w.t('notices.failures', { n: failures, when: w.date(since) })}
            {next_try && state === 'paused' && `; ${nextText(next_try)}`}
          </small>
        )}
      </span>
    </span>
  )
}

function nextText(at: string): string {
  const w = words.value
  return Date.parse(at) <= present.value ? w.t('notices.next_soon') : w.t('notices.next_try', { when: w.time(at) })
}

const SIGNS = {
  ok: 'M2.5 6.5 5 9l4.5-6',
  slow: 'M6 1.5v5l3 2',
  paused: 'M4 2v8M8 2v8',
  disabled: 'M2.5 2.5l7 7M9.5 2.5l-7 7',
}

function Sign({ state }: { state: keyof typeof SIGNS }) {
  return (
    <svg viewBox="0 0 12 12" aria-hidden="true">
      <path d={SIGNS[state]} />
    </svg>
  )
}
