import { Copy } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { words } from '../../state.ts'
import type { Webhook } from '../../wire-notices.ts'
import { link, secret } from './state.ts'

interface OnceProps {
  title: string
  lead: string
  name: string
  text: string
  note?: string | undefined
  onClose: () => void
}

/** Shows a key, this once. It closes by its button only, so that a slip does not lose it. */
function Once({ title, lead, name, text, note, onClose }: OnceProps) {
  const w = words.value
  return (
    <Dialog title={title} firm onClose={onClose}>
      <p class="once">{lead}</p>
      <dl class="secret">
        <div>
          <dt>{name}</dt>
          <dd>
            <code data-secret>{text}</code>
            <Copy text={text} of={name} />
          </dd>
        </div>
      </dl>
      {note && <p class="note">{note}</p>}
      <div class="dialog-acts">
        <button type="button" class="main" onClick={onClose}>
          {w.t('hooks.secret_done')}
        </button>
      </div>
    </Dialog>
  )
}

export function SecretOnce({ hook: h }: { hook: Webhook }) {
  const w = words.value
  const both = h.old_secret_until
  return (
    <Once
      title={w.t('hooks.secret_title', { name: h.name })}
      lead={w.t('hooks.secret_once')}
      name={w.t('hooks.secret')}
      text={h.secret ?? ''}
      note={both && w.t('hooks.secret_both', { when: w.date(both) })}
      onClose={() => {
        secret.value = null
      }}
    />
  )
}

export function LinkOnce({ link: l }: { link: { name: string; address: string } }) {
  const w = words.value
  return (
    <Once
      title={w.t('hooks.link_title', { name: l.name })}
      lead={w.t('hooks.link_once')}
      name={w.t('hooks.link')}
      text={l.address}
      onClose={() => {
        link.value = null
      }}
    />
  )
}
