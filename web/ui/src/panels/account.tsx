import '../styles/account.css'
import { useSignal } from '@preact/signals'
import { hasToken } from '../http.ts'
import { Dialog } from '../parts/dialog.tsx'
import { roleName } from '../parts/notes.tsx'
import { signOut } from '../start.ts'
import { me, parks, role, tokenDialog, words } from '../state.ts'
import type { Who } from '../wire.ts'
import { Enter } from './enter.tsx'
import { PasswordForm } from './password.tsx'

const close = () => {
  tokenDialog.value = false
}

/** Who the server takes this reader for, and the way to be somebody else. */
export function AccountDialog() {
  const w = words.value
  if (me.value) return <Mine user={me.value} />
  return (
    <Dialog title={w.t(hasToken() ? 'account.title' : 'sign_in.title')} onClose={close}>
      <p class="note">{w.t('token.current', { role: roleName(role.value) })}</p>
      {hasToken() && (
        <p>
          <button type="button" class="quiet" onClick={() => void signOut()}>
            {w.t('token.drop')}
          </button>
        </p>
      )}
      <Enter done={close} />
    </Dialog>
  )
}

function Mine({ user }: { user: Who }) {
  const w = words.value
  const changing = useSignal(false)
  const changed = useSignal(false)
  return (
    <Dialog title={w.t('account.title')} onClose={close}>
      <dl class="who">
        <div>
          <dt>{w.t('account.name')}</dt>
          <dd>
            {user.name} <small>{user.username}</small>
          </dd>
        </div>
        <div>
          <dt>{w.t('account.role')}</dt>
          <dd>{roleName(user.role)}</dd>
        </div>
        <div>
          <dt>{w.t('account.parks')}</dt>
          <dd>{user.parks.length === 0 ? w.t('account.all_parks') : user.parks.map(parkName).join(', ')}</dd>
        </div>
      </dl>
      {changed.value && (
        <p class="told fine" role="status">
          {w.t('account.password_changed')}
        </p>
      )}
      {changing.value ? (
        <PasswordForm
          username={user.username}
          done={(ok) => {
            changing.value = false
            changed.value = ok
          }}
        />
      ) : (
        <div class="enter-acts">
          <button type="button" class="main" onClick={() => void signOut()}>
            {w.t('account.sign_out')}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              changing.value = true
            }}
          >
            {w.t('account.change_password')}
          </button>
          <button type="button" class="quiet" onClick={() => void signOut(true)}>
            {w.t('account.sign_out_everywhere')}
          </button>
        </div>
      )}
    </Dialog>
  )
}

export function parkName(id: string): string {
  const park = parks.value.get(id)
  return park ? words.value.text(park.name) : id
}
