import { useSignal } from '@preact/signals'
import { hasToken } from '../http.ts'
import { signIn, signOut } from '../start.ts'
import { needsToken, words } from '../state.ts'

/** Asks for the API token, when the server does. */
export function SignIn() {
  const w = words.value
  const tried = useSignal(false)
  const busy = useSignal(false)
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const token = String(new FormData(e.currentTarget).get('token') ?? '')
    busy.value = true
    await signIn(token)
    busy.value = false
    tried.value = needsToken.peek()
  }
  return (
    <main class="sign-in">
      <form onSubmit={onSubmit}>
        <h1>{w.t('sign_in.title')}</h1>
        <p>{w.t('sign_in.why')}</p>
        <label for="token">{w.t('sign_in.token')}</label>
        <input id="token" name="token" type="password" autocomplete="off" required />
        {tried.value && <p role="alert">{w.t('sign_in.wrong')}</p>}
        <button type="submit" disabled={busy.value}>
          {w.t('sign_in.submit')}
        </button>
        {/* A token that has ended must not shut out who may read without one. */}
        {hasToken() && (
          <button type="button" class="link" onClick={signOut}>
            {w.t('sign_in.without')}
          </button>
        )}
      </form>
    </main>
  )
}
