import type { ComponentChildren } from 'preact'
import { ROLES, type Role } from '../role.ts'
import type { Loaded } from '../source.ts'
import { can, model, tokenDialog, words } from '../state.ts'
import { trouble } from './trouble.ts'

/** What stands where data would: it is on its way, it failed, there is none, or it is not for this reader. */

export function Waiting() {
  return (
    <p class="waiting" role="status">
      {words.value.t('load.loading')}
    </p>
  )
}

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const w = words.value
  const { text, detail } = trouble(error)
  return (
    <div class="note-box bad" role="alert">
      <p>
        <b>{w.t(text)}</b>
      </p>
      {detail && (
        <p class="raw" lang="en">
          {detail}
        </p>
      )}
      {again && (
        <button type="button" class="quiet" onClick={again}>
          {w.t('load.retry')}
        </button>
      )}
    </div>
  )
}

export function Empty({ text, hint, children }: { text: string; hint?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{text}</p>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  )
}

/** Says which role is needed and where to get it, to who has another one; nothing to who has it. */
export function NeedRole({ need, what }: { need: Exclude<Role, 'none'>; what: string }) {
  const w = words.value
  // Before the server has said who this is, nothing is denied.
  if (!model.value.info || can(need)) return null
  return (
    <p class="need-role">
      {w.t('role.need', { role: w.t(`role.${need}`), what })}{' '}
      <button
        type="button"
        class="link"
        onClick={() => {
          tokenDialog.value = true
        }}
      >
        {w.t('account.sign_in')}
      </button>
    </p>
  )
}

export function roleName(role: string): string {
  return words.value.t(`role.${ROLES.find((r) => r === role) ?? 'none'}`)
}

interface ListedProps<T> {
  of: Loaded<T[]>
  again: () => void
  /** What is said where there is none. */
  none: string
  hint?: string
  children: (items: T[]) => ComponentChildren
}

/** A list on its way, that failed, that is empty, or as it is. */
export function Listed<T>({ of: { status, value, error }, again, none, hint, children }: ListedProps<T>) {
  return (
    <>
      {status === 'failed' && <Failed error={error} again={again} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.length === 0 && <Empty text={none} {...(hint ? { hint } : {})} />}
      {value && value.length > 0 && children(value)}
    </>
  )
}
