import '../../styles/gateways.css'
import '../../styles/notices.css'
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks'
import { Copy } from '../../parts/copy.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Segments } from '../../parts/segments.tsx'
import { Source } from '../../source.ts'
import { language, present, setLanguage, setTheme, theme, words } from '../../state.ts'
import type { Delivery, Webhook } from '../../wire-notices.ts'
import { DeliveryList } from '../notices/deliveries.tsx'
import { HealthSign } from '../notices/hooks.tsx'
import { Deliveries } from '../notices/pager.ts'
import { isGone, recipient } from './client.ts'
import { forgetKey, key, takeKey } from './key.ts'
import { SAMPLES, TONGUES, type Tongue } from './samples.ts'

/** A recipient's own page: what was sent to it, what came of it, and how to tell that it is genuine. It needs the link alone. */
export function RecipientPage() {
  // Before the first paint, so that nobody is told that his key is missing while it is being taken.
  useLayoutEffect(takeKey, [])
  useEffect(() => {
    addEventListener('hashchange', takeKey)
    const clock = setInterval(() => {
      present.value = Date.now()
    }, 1000)
    return () => {
      removeEventListener('hashchange', takeKey)
      clearInterval(clock)
    }
  }, [])
  return (
    <>
      <Top />
      {key.value ? <WithKey key={key.value} token={key.value} /> : <WithoutKey />}
    </>
  )
}

function Top() {
  const w = words.value
  const other = language.value === 'vi' ? 'en' : 'vi'
  const dark = theme.value === 'dark'
  return (
    <header class="top elsewhere recipient-top">
      <div class="title">
        <h1>quantrac</h1>
        <p>{w.t('page.recipient')}</p>
      </div>
      <div class="switches">
        <button type="button" class="quiet" lang={other} onClick={() => setLanguage(other)}>
          {w.t('language.switch')}
        </button>
        <button type="button" class="quiet" onClick={() => setTheme(dark ? 'light' : 'dark')}>
          {w.t(dark ? 'theme.to_light' : 'theme.to_dark')}
        </button>
      </div>
    </header>
  )
}

function WithoutKey() {
  const w = words.value
  return (
    <main class="page recipient" id="main">
      <Empty text={w.t('recipient.none')} hint={w.t('recipient.bad_hint')} />
    </main>
  )
}

const AGAIN = 5000

function WithKey({ token }: { token: string }) {
  const w = words.value
  const hook = useMemo(() => new Source<Webhook>(), [token])
  const list = useMemo(() => new Deliveries<Delivery>((a, s) => recipient.deliveries(token, a, s)), [token])
  useEffect(() => {
    const look = () => hook.load((s) => recipient.webhook(token, s))
    // The list is asked for only with a link that is good: a wrong one would count as two guesses.
    void look().then(() => {
      if (hook.state.peek().status === 'ready') list.load()
    })
    const timer = setInterval(() => {
      if (hook.state.peek().status !== 'ready') return
      void look()
      list.refresh()
    }, AGAIN)
    return () => clearInterval(timer)
  }, [token])
  const { status, value, error } = hook.state.value
  if (!value)
    return (
      <main class="page recipient" id="main">
        {status === 'loading' ? (
          <Waiting />
        ) : (
          <NoEntry error={error} again={() => void hook.load((s) => recipient.webhook(token, s))} />
        )}
      </main>
    )
  return (
    <PageFrame
      name="recipient"
      title={w.t('recipient.title', { name: value.name })}
      lead={w.t('recipient.lead')}
      acts={
        <button type="button" class="quiet" onClick={forgetKey}>
          {w.t('recipient.forget')}
        </button>
      }
    >
      <dl class="facts">
        <div>
          <dt>{w.t('notices.state')}</dt>
          <dd>
            <HealthSign hook={value} />
          </dd>
        </div>
        <div>
          <dt>{w.t('hooks.url')}</dt>
          <dd>
            <code>{value.url}</code>
          </dd>
        </div>
        <div>
          <dt>{w.t('hooks.format')}</dt>
          <dd>{w.t(`hooks.format_${value.format}`)}</dd>
        </div>
      </dl>
      <How />
      <DeliveryList
        list={list}
        linked={false}
        again={async (id) => {
          await recipient.redeliver(token, id)
        }}
      />
    </PageFrame>
  )
}

function NoEntry({ error, again }: { error: unknown; again: () => void }) {
  const w = words.value
  if (isGone(error)) return <Empty text={w.t('recipient.bad')} hint={w.t('recipient.bad_hint')} />
  return <Failed error={error} again={again} />
}

/** How a recipient tells that a message is ours. */
function How() {
  const w = words.value
  const tongue = useSignal<Tongue>('Python')
  const code = SAMPLES[tongue.value]
  const name = w.t('recipient.code', { language: tongue.value })
  return (
    <details class="how">
      <summary>{w.t('recipient.how')}</summary>
      <p>{w.t('recipient.how_lead')}</p>
      <div class="how-head">
        <Segments
          label={w.t('recipient.language')}
          options={TONGUES.map((t) => [t, t] as const)}
          value={tongue.value}
          choose={(t) => {
            tongue.value = t
          }}
        />
        <Copy text={code} of={name} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reached by keyboard */}
      <pre class="raw-block code" tabIndex={0} lang="en" data-code={tongue.value}>
        {code}
      </pre>
    </details>
  )
}
