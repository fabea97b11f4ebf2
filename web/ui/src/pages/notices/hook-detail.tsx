import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { present, words } from '../../state.ts'
import type { Delivery, Webhook } from '../../wire-notices.ts'
import { webhooks } from './client.ts'
import { DeliveryList } from './deliveries.tsx'
import { getsText } from './gets.ts'
import { type Act, HookActs, HookAsked } from './hook-acts.tsx'
import { HealthSign, LastSuccess } from './hooks.tsx'
import { Deliveries } from './pager.ts'
import { hooks, loadHooks, names } from './state.ts'

/** One webhook: how it stands, what can be done with it, and each try. */
export function HookDetail({ id }: { id: string }) {
  const w = words.value
  const { status, value, error } = hooks.state.value
  const hook = value?.find((h) => h.id === id)
  return (
    <section class="notice" aria-label={hook?.name ?? id} data-notice={id}>
      <p class="crumbs">
        <Link page="notices">‹ {w.t('notices.back')}</Link>
      </p>
      {status === 'failed' && !value && <Failed error={error} again={loadHooks} />}
      {!value && status === 'loading' && <Waiting />}
      {value && !hook && <Empty text={w.t('notices.not_there')} />}
      {hook && <Known hook={hook} />}
    </section>
  )
}

const AGAIN = 5000

function Known({ hook: h }: { hook: Webhook }) {
  const asking = useSignal<Act | null>(null)
  const list = useMemo(
    () => new Deliveries<Delivery>((asked, signal) => webhooks.deliveries(h.id, asked, signal)),
    [h.id],
  )
  useEffect(() => {
    list.load()
    const timer = setInterval(() => list.refresh(), AGAIN)
    return () => clearInterval(timer)
  }, [list])
  const done = () => {
    // Of one that is gone nothing can be asked.
    if (asking.peek() !== 'delete') list.load()
    asking.value = null
  }
  return (
    <>
      <Head hook={h} />
      <HookActs
        hook={h}
        ask={(act) => {
          asking.value = act
        }}
      />
      <DeliveryList
        list={list}
        again={async (id) => {
          await webhooks.redeliver(id)
        }}
        since={h.enabled ? async (at) => (await webhooks.since(h.id, at)).queued : undefined}
      />
      {asking.value && <HookAsked hook={h} act={asking.value} onClose={done} />}
    </>
  )
}

function Head({ hook: h }: { hook: Webhook }) {
  const w = words.value
  const rows: [string, preact.ComponentChildren][] = [
    [w.t('notices.state'), <HealthSign key="s" hook={h} />],
    [w.t('hooks.url'), <code key="u">{h.url}</code>],
    [w.t('notices.gets'), getsText(h, names.value, w)],
    [w.t('hooks.format'), w.t(`hooks.format_${h.format}`)],
    [w.t('notices.last_success'), <LastSuccess key="l" hook={h.id} />],
    [
      w.t('hooks.link'),
      h.link_created_at
        ? w.t('hooks.link_made', { when: w.ago(h.link_created_at, present.value) })
        : w.t('hooks.link_none'),
    ],
  ]
  return (
    <>
      <div class="rule-head">
        <h3>{h.name}</h3>
        {h.source === 'config' && (
          <span class="tag" title={w.t('notices.from_file_hint')}>
            {w.t('notices.from_file')}
          </span>
        )}
        {h.old_secret_until && <span class="tag">{w.t('hooks.old_secret', { when: w.date(h.old_secret_until) })}</span>}
      </div>
      <dl class="facts">
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
