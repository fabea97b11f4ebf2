import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Copy } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { Delivery, Preview, Webhook } from '../../wire-notices.ts'
import { webhooks } from './client.ts'

/** Shows exactly what a test sends, sends it, and says what came of it. */
export function TestHook({ hook: h, onClose }: { hook: Webhook; onClose: () => void }) {
  const w = words.value
  const preview = useSignal<Preview | null>(null)
  const failed = useSignal<unknown>(null)
  const result = useSignal<Delivery | null>(null)
  const busy = useSignal(false)
  useEffect(() => {
    webhooks.preview(h.id).then(
      (p) => {
        preview.value = p
      },
      (err) => {
        failed.value = err
      },
    )
  }, [])
  const send = async () => {
    busy.value = true
    failed.value = null
    try {
      result.value = await webhooks.test(h.id)
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  return (
    <Dialog title={w.t('hooks.test_title', { name: h.name })} onClose={onClose}>
      <p class="note">{w.t('hooks.test_hint')}</p>
      {!preview.value && !failed.value && <Waiting />}
      {preview.value && <Exact preview={preview.value} />}
      {failed.value && <Failed error={failed.value} />}
      {result.value && <Outcome of={result.value} />}
      <div class="dialog-acts">
        <button type="button" class="quiet" onClick={onClose}>
          {w.t('act.close')}
        </button>
        <button type="button" class="main" disabled={busy.value || !preview.value} onClick={() => void send()}>
          {w.t(result.value ? 'hooks.test_again' : 'hooks.test_send')}
        </button>
      </div>
    </Dialog>
  )
}

function Exact({ preview: p }: { preview: Preview }) {
  const w = words.value
  const headers = Object.entries(p.headers).flatMap(([name, values]) => values.map((v) => `${name}: ${v}`))
  const bytes = new TextEncoder().encode(p.body).length
  return (
    <>
      <h3 class="block-head">{w.t('hooks.headers')}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reached by keyboard */}
      <pre class="raw-block" tabIndex={0} data-headers>
        {[`${p.method} ${p.url}`, ...headers].join('\n')}
      </pre>
      <div class="block-head">
        <h3>{w.t('hooks.body', { n: w.count(bytes) })}</h3>
        <Copy text={p.body} of={w.t('hooks.body', { n: w.count(bytes) })} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the same */}
      <pre class="raw-block" tabIndex={0} data-body>
        {pretty(p.body)}
      </pre>
    </>
  )
}

/** For reading only; what is copied and sent is the body as it is. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

function Outcome({ of: d }: { of: Delivery }) {
  const w = words.value
  const figures = { status: d.status, ms: w.count(d.duration_ms) }
  const text =
    d.state === 'delivered'
      ? w.t('hooks.test_delivered', figures)
      : d.status > 0
        ? w.t('hooks.test_refused', figures)
        : w.t('hooks.test_failed', { error: d.error ?? '' })
  return (
    <div class="outcome">
      <p
        role={d.state === 'delivered' ? 'status' : 'alert'}
        class={d.state === 'delivered' ? 'told fine' : ''}
        data-outcome={d.state}
      >
        {text}
      </p>
      {d.answer && <pre class="raw-block">{d.answer}</pre>}
    </div>
  )
}
