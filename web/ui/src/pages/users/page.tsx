import '../../styles/gateways.css'
import '../../styles/users.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Copy } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { NeedRole } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { can, words } from '../../state.ts'
import { EditUser } from './edit.tsx'
import { followUsers, once } from './state.ts'
import { TokenList } from './tokens.tsx'
import { UserList } from './users.tsx'

/** Who may sign in, and which programs may ask. */
export function UsersPage() {
  const w = words.value
  const creating = useSignal(false)
  useEffect(followUsers, [])
  const admin = can('admin')
  return (
    <PageFrame
      name="users"
      title={w.t('page.users')}
      lead={w.t('users.lead')}
      acts={
        admin && (
          <button
            type="button"
            class="main"
            onClick={() => {
              creating.value = true
            }}
          >
            {w.t('users.create')}
          </button>
        )
      }
    >
      <NeedRole need="admin" what={w.t('users.what')} />
      {admin && <UserList />}
      {admin && <TokenList />}
      {creating.value && (
        <EditUser
          user={null}
          onClose={() => {
            creating.value = false
          }}
        />
      )}
      {once.value && <Once />}
    </PageFrame>
  )
}

/** Shows a link or a token, this once. It closes by its button only, so that a slip does not lose it. */
function Once() {
  const w = words.value
  const shown = once.value
  if (!shown) return null
  const close = () => {
    once.value = null
  }
  const link = 'user' in shown
  const text = link ? (shown.user.invitation ?? '') : (shown.token.token ?? '')
  const name = w.t(link ? 'users.link' : 'tokens.token')
  const until = link ? shown.user.invitation_expires_at : undefined
  return (
    <Dialog
      title={
        link
          ? w.t('users.link_title', { name: shown.user.name })
          : w.t('tokens.token_title', { name: shown.token.name })
      }
      firm
      onClose={close}
    >
      <p class="once">{w.t(link ? 'users.link_once' : 'tokens.once')}</p>
      <dl class="secret">
        <div>
          <dt>{name}</dt>
          <dd>
            <code class="long" data-secret>
              {text}
            </code>
            <Copy text={text} of={name} />
          </dd>
        </div>
      </dl>
      {until && <p class="note">{w.t('account.link_until', { when: w.moment(until) })}</p>}
      <div class="dialog-acts">
        <button type="button" class="main" onClick={close}>
          {w.t('users.once_done')}
        </button>
      </div>
    </Dialog>
  )
}
