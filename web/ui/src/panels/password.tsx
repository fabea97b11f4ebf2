import { useSignal } from '@preact/signals'
import { Problem } from '../http.ts'
import { trouble } from '../parts/trouble.ts'
import { session, wrongPassword } from '../session.ts'
import { takeSession } from '../start.ts'
import { words } from '../state.ts'

/** What the server says about a new password, in the reader's words where it is one of the known faults. */
export function passwordTrouble(err: unknown): string {
  const w = words.peek()
  if (err instanceof Problem) {
    if (err.status === 429) return w.t('account.slow')
    const field = err.fields[0]?.field
    if (field === 'current') return w.t('account.current_wrong')
    if (field === 'password') return w.t('account.too_easy')
  }
  const { text, detail } = trouble(err)
  return `${w.t(text)} ${detail}`
}

/** A new password, twice. */
export function NewPassword() {
  const w = words.value
  return (
    <>
      <label>
        <span>
          {w.t('account.new_password')} <small>{w.t('account.password_hint')}</small>
        </span>
        <input name="password" type="password" autocomplete="new-password" required />
      </label>
      <label>
        {w.t('account.again')}
        <input name="again" type="password" autocomplete="new-password" required />
      </label>
    </>
  )
}

export function PasswordForm({ username, done }: { username: string; done: (changed: boolean) => void }) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    const wrong = wrongPassword(text('password'), text('again'))
    told.value = wrong && w.t(wrong)
    if (wrong) return
    busy.value = true
    try {
      takeSession((await session.password(text('current'), text('password'))).csrf)
      done(true)
    } catch (err) {
      told.value = passwordTrouble(err)
    }
    busy.value = false
  }
  return (
    <form class="form" onSubmit={onSubmit}>
      {/* For whoever keeps passwords for the reader. */}
      <input name="username" autocomplete="username" value={username} hidden readOnly />
      <label>
        <span>
          {w.t('account.current')} <small>{w.t('account.current_hint')}</small>
        </span>
        <input name="current" type="password" autocomplete="current-password" autofocus />
      </label>
      <NewPassword />
      {told.value && <p role="alert">{told.value}</p>}
      <div class="dialog-acts">
        <button type="button" class="quiet" onClick={() => done(false)}>
          {w.t('act.cancel')}
        </button>
        <button type="submit" class="main" disabled={busy.value}>
          {w.t('account.change_password')}
        </button>
      </div>
    </form>
  )
}
