import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { Mail, MailDelivery, MailPreview } from '../../wire-notices.ts'
import { mails } from './client.ts'

/** Shows the e-mail that a test sends, as its text: what is written in HTML stays out of this page. */
export function TestMail({ mail: m, onClose }: { mail: Mail; onClose: () => void }) {
  const w = words.value
  const preview = useSignal<MailPreview | null>(null)
  const failed = useSignal<unknown>(null)
  const result = useSignal<MailDelivery | null>(null)
  const busy = useSignal(false)
  useEffect(() => {
    mails.preview(m.id).then(
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
      result.value = await mails.test(m.id)
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const r = result.value
  const done = r?.state === 'delivered'
  return (
    <Dialog title={w.t('mails.test_title', { name: m.name })} onClose={onClose}>
      {!preview.value && !failed.value && <Waiting />}
      {preview.value && <Letter of={preview.value} />}
      {failed.value && <Failed error={failed.value} />}
      {r && (
        <p role={done ? 'status' : 'alert'} class={done ? 'told fine' : ''} data-outcome={r.state}>
          {done
            ? w.t('mails.test_delivered', { ms: w.count(r.duration_ms) })
            : w.t('mails.test_failed', { error: r.error ?? String(r.status) })}
        </p>
      )}
      <div class="dialog-acts">
        <button type="button" class="quiet" onClick={onClose}>
          {w.t('act.close')}
        </button>
        <button type="button" class="main" disabled={busy.value || !preview.value} onClick={() => void send()}>
          {w.t(r ? 'hooks.test_again' : 'hooks.test_send')}
        </button>
      </div>
    </Dialog>
  )
}

function Letter({ of: p }: { of: MailPreview }) {
  const w = words.value
  const rows = [
    [w.t('mails.from'), p.from],
    [w.t('mails.to'), p.to],
    [w.t('mails.subject'), p.subject],
  ] as const
  return (
    <>
      <dl class="facts letter">
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reached by keyboard */}
      <pre class="raw-block" tabIndex={0} data-body>
        {p.text}
      </pre>
    </>
  )
}
