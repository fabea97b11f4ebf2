import { useSignal } from '@preact/signals'
import { useAttempt } from '../../parts/attempt.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { words } from '../../state.ts'
import type { User } from '../../wire.ts'
import { type Access, AccessFields } from './access.tsx'
import { tokens, users } from './client.ts'
import { takeToken, takeUser } from './state.ts'

interface FormProps {
  title: string
  act: string
  name: string
  username?: string
  access: Access
  expires?: boolean
  send: (made: { name: string; username: string; expires: string } & Access) => Promise<void>
  onClose: () => void
}

/** The form of whoever may do something: a user, or a token. */
function AccessForm({ title, act, send, onClose, ...of }: FormProps) {
  const w = words.value
  const access = useSignal<Access>(of.access)
  const { told, busy, attempt } = useAttempt()
  const onSubmit = (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const role = access.value.role
    const parks = role === 'officer' ? access.value.parks : []
    void attempt(async () => {
      await send({ name: text('name'), username: text('username'), expires: text('expires'), role, parks })
      onClose()
    })
  }
  return (
    <FormDialog title={title} act={act} told={told} busy={busy} onSubmit={onSubmit} onClose={onClose}>
      <label>
        {w.t(of.expires ? 'tokens.name' : 'account.name')}
        <input name="name" defaultValue={of.name} maxLength={100} required autofocus autocomplete="off" />
      </label>
      {of.username === '' && (
        <label>
          <span>
            {w.t('account.username')} <small>{w.t('account.username_hint')}</small>
          </span>
          <input
            name="username"
            pattern="[A-Za-z0-9][A-Za-z0-9._@+\-]{1,62}"
            required
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
          />
        </label>
      )}
      <AccessFields
        value={access.value}
        change={(to) => {
          access.value = to
        }}
      />
      {of.expires && (
        <label>
          {w.t('tokens.expires')}
          <select name="expires">
            {(['90', '365', '30', '7', ''] as const).map((days) => (
              <option key={days} value={days}>
                {days === '' ? w.t('tokens.never_expires') : w.t('tokens.days', { n: days })}
              </option>
            ))}
          </select>
        </label>
      )}
    </FormDialog>
  )
}

/** Null makes a new user. */
export function EditUser({ user, onClose }: { user: User | null; onClose: () => void }) {
  const w = words.value
  return (
    <AccessForm
      title={user ? `${w.t('users.edit')}: ${user.username}` : w.t('users.create')}
      act={w.t(user ? 'act.save' : 'users.create')}
      name={user?.name ?? ''}
      {...(user ? {} : { username: '' })}
      access={{ role: user?.role ?? 'officer', parks: user?.parks ?? [] }}
      send={async ({ name, username, role, parks }) => {
        takeUser(
          await (user ? users.change(user.id, { name, role, parks }) : users.create({ username, name, role, parks })),
        )
      }}
      onClose={onClose}
    />
  )
}

const DAY = 86_400_000

export function MakeToken({ onClose }: { onClose: () => void }) {
  const w = words.value
  return (
    <AccessForm
      title={w.t('tokens.create')}
      act={w.t('tokens.create')}
      name=""
      expires
      access={{ role: 'viewer', parks: [] }}
      send={async ({ name, role, parks, expires }) => {
        const ends = expires && { expires_at: new Date(Date.now() + Number(expires) * DAY).toISOString() }
        takeToken(await tokens.create({ name, role, parks, ...(ends || {}) }))
      }}
      onClose={onClose}
    />
  )
}
