import { useSignal } from '@preact/signals'
import { hasToken } from '../http.ts'
import { Dialog } from '../parts/dialog.tsx'
import { roleName } from '../parts/notes.tsx'
import { signOut, takeToken } from '../start.ts'
import { role, tokenDialog, words } from '../state.ts'

const TEXT = { wrong: 'sign_in.wrong', slow: 'token.slow', failed: 'load.network' } as const

/** Takes an API token for who needs more than the server gives to everybody. */
export function TokenDialog() {
  const w = words.value
  const trouble = useSignal<keyof typeof TEXT | null>(null)
  const busy = useSignal(false)
  const close = () => {
    tokenDialog.value = false
  }
  const onSubmit = async (e: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    e.preventDefault()
    const token = String(new FormData(e.currentTarget).get('token') ?? '')
    busy.value = true
    const result = await takeToken(token)
    busy.value = false
    if (result === 'taken') close()
    else trouble.value = result
  }
  return (
    <Dialog title={w.t('token.title')} onClose={close}>
      <p>{w.t('token.current', { role: roleName(role.value) })}</p>
      <p class="note">{w.t('token.why')}</p>
      <form class="form" onSubmit={onSubmit}>
        <label>
          {w.t('sign_in.token')}
          <input name="token" type="password" autocomplete="off" spellcheck={false} required />
        </label>
        {trouble.value && <p role="alert">{w.t(TEXT[trouble.value])}</p>}
        <div class="dialog-acts">
          {hasToken() && (
            <button type="button" class="quiet" onClick={signOut}>
              {w.t('token.drop')}
            </button>
          )}
          <button type="submit" class="main" disabled={busy.value}>
            {w.t('token.use')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
