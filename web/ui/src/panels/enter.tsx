import { useSignal } from '@preact/signals'
import { hasToken, Problem } from '../http.ts'
import type { Key } from '../i18n/vi.ts'
import { trouble } from '../parts/trouble.ts'
import { signIn, signOut, takeToken } from '../start.ts'
import { words } from '../state.ts'

/** Signs in by user name and password, or by an API token. One form at a time. */
export function Enter({ done }: { done: () => void }) {
  const byToken = useSignal(false)
  return byToken.value ? <ByToken done={done} by={byToken} /> : <ByPassword done={done} by={byToken} />
}

interface By {
  done: () => void
  by: { value: boolean }
}

function ByPassword({ done, by }: By) {
  const w = words.value
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    busy.value = true
    told.value = null
    try {
      await signIn({ username: String(form.get('username') ?? ''), password: String(form.get('password') ?? '') })
      done()
    } catch (err) {
      told.value = w.t(refusal(err))
    }
    busy.value = false
  }
  return (
    <form class="form enter" onSubmit={onSubmit}>
      <label>
        {w.t('account.username')}
        <input name="username" autocomplete="username" autocapitalize="off" spellcheck={false} required autofocus />
      </label>
      <label>
        {w.t('account.password')}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      {told.value && <p role="alert">{told.value}</p>}
      <div class="enter-acts">
        <button type="submit" class="main" disabled={busy.value}>
          {w.t('account.sign_in')}
        </button>
        <button
          type="button"
          class="link use-token"
          onClick={() => {
            by.value = true
          }}
        >
          {w.t('account.by_token')}
        </button>
      </div>
      <p class="note">{w.t('account.forgotten')}</p>
    </form>
  )
}

/** Why nobody was let in. Pure. */
export function refusal(err: unknown): Key {
  if (!(err instanceof Problem)) return 'load.network'
  if (err.status === 401) return 'account.wrong'
  return err.status === 429 ? 'account.slow' : trouble(err).text
}

const TEXT = { wrong: 'sign_in.wrong', slow: 'token.slow', failed: 'load.network' } as const

function ByToken({ done, by }: By) {
  const w = words.value
  const told = useSignal<keyof typeof TEXT | null>(null)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    busy.value = true
    const result = await takeToken(String(new FormData(e.currentTarget).get('token') ?? ''))
    busy.value = false
    if (result === 'taken') done()
    else told.value = result
  }
  return (
    <form class="form enter" onSubmit={onSubmit}>
      <p class="note">{w.t('token.why')}</p>
      <label>
        {w.t('sign_in.token')}
        <input id="token" name="token" type="password" autocomplete="off" spellcheck={false} required autofocus />
      </label>
      {told.value && <p role="alert">{w.t(TEXT[told.value])}</p>}
      <div class="enter-acts">
        <button type="submit" class="main" disabled={busy.value}>
          {w.t('token.use')}
        </button>
        <button
          type="button"
          class="link"
          onClick={() => {
            by.value = false
          }}
        >
          {w.t('account.by_password')}
        </button>
        {/* A token that has ended must not shut out who may read without one. */}
        {hasToken() && (
          <button type="button" class="link" onClick={() => void signOut()}>
            {w.t('sign_in.without')}
          </button>
        )}
      </div>
    </form>
  )
}
