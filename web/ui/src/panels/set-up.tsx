import '../styles/account.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Unauthorized } from '../http.ts'
import { Failed, Waiting } from '../parts/notes.tsx'
import { type Invitation, leaveSetup, session, setupToken, wrongPassword } from '../session.ts'
import { Source } from '../source.ts'
import { signIn } from '../start.ts'
import { words } from '../state.ts'
import { NewPassword, passwordTrouble } from './password.tsx'
import { DoorHead } from './sign-in.tsx'

const invitation = new Source<Invitation>()

/** Looks at the link, and follows it at once where it asks for nothing. */
async function look(token: string): Promise<void> {
  await invitation.load(async () => {
    const found = await session.peek(token)
    if (found.kind === 'sign_in') {
      await signIn({ invitation: token })
      leaveSetup()
    }
    return found
  })
}

/** Where a one-time link leads: to the first administrator, to a new password, or straight in. */
export function SetUpPage() {
  const w = words.value
  const token = setupToken.value
  useEffect(() => void look(token), [token])
  const { status, value, error } = invitation.state.value
  return (
    <main class="door">
      <section class="door-box" aria-labelledby="door-title">
        <DoorHead title={w.t(value?.kind === 'setup' ? 'account.setup_title' : 'account.welcome_title')} />
        {status === 'loading' && <Waiting />}
        {status === 'failed' && <Dead error={error} token={token} />}
        {status === 'ready' && value && value.kind !== 'sign_in' && <Form of={value} token={token} />}
      </section>
    </main>
  )
}

function Dead({ error, token }: { error: unknown; token: string }) {
  const w = words.value
  return (
    <>
      {error instanceof Unauthorized ? (
        <div class="note-box bad" role="alert">
          <p>
            <b>{w.t('account.link_over')}</b>
          </p>
          <p>{w.t('account.link_over_hint')}</p>
        </div>
      ) : (
        <Failed error={error} again={() => void look(token)} />
      )}
      <button type="button" class="quiet" onClick={leaveSetup}>
        {w.t('account.to_page')}
      </button>
    </>
  )
}

function Form({ of, token }: { of: Invitation; token: string }) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const first = of.kind === 'setup'
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    const wrong = wrongPassword(text('password'), text('again'))
    told.value = wrong && w.t(wrong)
    if (wrong) return
    busy.value = true
    try {
      const who = first ? { username: text('username'), name: text('name') } : {}
      await signIn({ invitation: token, password: text('password'), ...who })
      leaveSetup()
    } catch (err) {
      told.value = passwordTrouble(err)
    }
    busy.value = false
  }
  return (
    <form class="form" onSubmit={onSubmit}>
      <p>{first ? w.t('account.setup_why') : w.t('account.welcome_why', { name: of.name })}</p>
      {first ? (
        <>
          <label>
            {w.t('account.name')}
            <input name="name" autocomplete="name" maxLength={100} required autofocus />
          </label>
          <label>
            <span>
              {w.t('account.username')} <small>{w.t('account.username_hint')}</small>
            </span>
            <input
              name="username"
              autocomplete="username"
              autocapitalize="off"
              spellcheck={false}
              maxLength={63}
              required
            />
          </label>
        </>
      ) : (
        <input name="username" autocomplete="username" value={of.username} hidden readOnly />
      )}
      <NewPassword />
      {told.value && <p role="alert">{told.value}</p>}
      <div class="enter-acts">
        <button type="submit" class="main" disabled={busy.value}>
          {w.t('account.set_and_enter')}
        </button>
      </div>
      <p class="note">{w.t('account.link_until', { when: w.moment(of.expires_at) })}</p>
    </form>
  )
}
