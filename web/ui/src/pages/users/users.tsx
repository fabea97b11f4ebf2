import { useSignal } from '@preact/signals'
import { Listed, roleName } from '../../parts/notes.tsx'
import { me, now, words } from '../../state.ts'
import type { User } from '../../wire.ts'
import { Scope } from './access.tsx'
import { users } from './client.ts'
import { EditUser } from './edit.tsx'
import { dropUser, loadUsers, people, takeUser } from './state.ts'
import { Sure } from './sure.tsx'

const ASKED = ['reset', 'disable', 'delete'] as const
type Asked = (typeof ASKED)[number]
type Act = 'edit' | 'enable' | Asked

/** Everybody who signs in, and what can be done about them. */
export function UserList() {
  const w = words.value
  const doing = useSignal<{ user: User; act: 'edit' | Asked } | null>(null)
  const close = () => {
    doing.value = null
  }
  const start = (user: User) => async (act: Act) => {
    if (act !== 'enable') {
      doing.value = { user, act }
      return
    }
    try {
      takeUser(await users.change(user.id, { disabled: false }))
    } catch {
      // The list says what became of it.
      loadUsers()
    }
  }
  return (
    <section class="user-list" aria-labelledby="users-head">
      <h3 id="users-head">{w.t('users.list')}</h3>
      <Listed of={people.state.value} again={loadUsers} none={w.t('users.none')} hint={w.t('users.none_hint')}>
        {(items) => (
          <table class="grid stacked">
            <thead>
              <tr>
                <th scope="col">{w.t('account.name')}</th>
                <th scope="col">{w.t('account.role')}</th>
                <th scope="col">{w.t('users.parks')}</th>
                <th scope="col">{w.t('col.status')}</th>
                <th scope="col">{w.t('users.last_sign_in')}</th>
                <th scope="col">{w.t('col.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((u) => (
                <Row key={u.id} user={u} act={start(u)} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
      {doing.value?.act === 'edit' && <EditUser user={doing.value.user} onClose={close} />}
      {doing.value && doing.value.act !== 'edit' && (
        <SureUser user={doing.value.user} act={doing.value.act} onClose={close} />
      )}
    </section>
  )
}

function Row({ user: u, act }: { user: User; act: (act: Act) => Promise<void> }) {
  const w = words.value
  const state = u.disabled ? 'disabled' : u.pending ? 'pending' : 'active'
  const button = (what: Act) => (
    <button
      key={what}
      type="button"
      class={what === 'delete' ? 'link grave' : 'link'}
      aria-label={`${w.t(`users.${what}`)}: ${u.username}`}
      onClick={() => void act(what)}
    >
      {w.t(`users.${what}`)}
    </button>
  )
  return (
    <tr data-user={u.username}>
      <th scope="row">
        {u.name} <small>{u.username}</small> {u.id === me.value?.id && <small>({w.t('users.you')})</small>}
      </th>
      <td data-label={w.t('account.role')}>{roleName(u.role)}</td>
      <td data-label={w.t('users.parks')}>
        <Scope of={u} />
      </td>
      <td data-label={w.t('col.status')}>
        <span class={`user-state ${state}`}>{w.t(`users.is_${state}`)}</span>
      </td>
      <td data-label={w.t('users.last_sign_in')} title={u.last_sign_in ? w.moment(u.last_sign_in) : ''}>
        {u.last_sign_in ? w.ago(u.last_sign_in, now.value) : w.t('users.never')}
      </td>
      <td class="row-acts">{(['edit', 'reset', u.disabled ? 'enable' : 'disable', 'delete'] as const).map(button)}</td>
    </tr>
  )
}

function SureUser({ user: u, act, onClose }: { user: User; act: Asked; onClose: () => void }) {
  const w = words.value
  const perform = async () => {
    switch (act) {
      case 'reset':
        takeUser(await users.reset(u.id))
        return
      case 'disable':
        takeUser(await users.change(u.id, { disabled: true }))
        return
      case 'delete':
        await users.remove(u.id)
        dropUser(u.id)
    }
  }
  return (
    <Sure
      title={w.t(`users.sure_${act}`, { name: u.name })}
      hint={w.t(`users.sure_${act}_hint`)}
      act={w.t(`users.${act}`)}
      grave={act === 'delete'}
      perform={perform}
      onClose={onClose}
    />
  )
}
