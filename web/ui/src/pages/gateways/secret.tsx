import { Copy } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { words } from '../../state.ts'
import type { Gateway } from '../../wire-doors.ts'
import { publishLine } from './forms.ts'
import { secret } from './state.ts'

/** Shows a new password, this once. It closes by its button only, so that a slip does not lose it. */
export function Secret({ gateway: g }: { gateway: Gateway }) {
  const w = words.value
  const password = g.password ?? ''
  const line = publishLine(g, password, location.hostname)
  return (
    <Dialog
      title={w.t('gateways.password_title', { id: g.id })}
      firm
      onClose={() => {
        secret.value = null
      }}
    >
      <p class="once">{w.t('gateways.password_once')}</p>
      <dl class="secret">
        <div>
          <dt>{w.t('gateways.username')}</dt>
          <dd>
            <code>{g.username}</code>
            <Copy text={g.username} of={w.t('gateways.username')} />
          </dd>
        </div>
        <div>
          <dt>{w.t('gateways.password')}</dt>
          <dd>
            <code data-secret>{password}</code>
            <Copy text={password} of={w.t('gateways.password')} />
          </dd>
        </div>
        <div>
          <dt>{w.t('gateways.try_it')}</dt>
          <dd>
            <code class="long">{line}</code>
            <Copy text={line} of={w.t('gateways.try_it')} />
          </dd>
        </div>
      </dl>
      <p class="note">{w.t('gateways.try_hint')}</p>
      <div class="dialog-acts">
        <button
          type="button"
          class="main"
          onClick={() => {
            secret.value = null
          }}
        >
          {w.t('gateways.password_done')}
        </button>
      </div>
    </Dialog>
  )
}
