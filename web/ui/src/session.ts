import { signal } from '@preact/signals'
import { ask } from './http.ts'
import type { Who } from './wire.ts'

/** Signing in and out, and the one-time links that let somebody in. */

export type Entry =
  | { username: string; password: string }
  | { invitation: string; username?: string; name?: string; password?: string }

export interface Opened {
  user: Who
  csrf: string
}

export interface Invitation {
  kind: 'setup' | 'invitation' | 'sign_in'
  username: string
  name: string
  expires_at: string
}

export const session = {
  open: (entry: Entry) => ask<Opened>('api/v1/session', { method: 'POST', body: JSON.stringify(entry) }),
  close: (everywhere: boolean) =>
    ask<void>(`api/v1/session${everywhere ? '?everywhere=true' : ''}`, { method: 'DELETE' }),
  password: (current: string, password: string) =>
    ask<Opened>('api/v1/session/password', { method: 'PUT', body: JSON.stringify({ current, password }) }),
  peek: (invitation: string) =>
    ask<Invitation>('api/v1/invitation', { method: 'POST', body: JSON.stringify({ invitation }) }),
}

/** The token of a one-time link; "" where the address is none. It stands behind the #, which is sent to nobody. Pure. */
export function tokenIn(hash: string): string {
  const [path, query] = hash.split('?')
  return path === '#/setup' ? (new URLSearchParams(query).get('token') ?? '') : ''
}

export const setupToken = signal(tokenIn(globalThis.location?.hash ?? ''))

/** Takes the link out of the address, where a later reader of this screen would find it. */
export function leaveSetup(): void {
  history.replaceState(null, '', location.pathname + location.search)
  setupToken.value = ''
}

globalThis.addEventListener?.('hashchange', () => {
  const token = tokenIn(location.hash)
  if (token) setupToken.value = token
})

/** What is wrong with a new password before the server is asked; the server knows more. Pure. */
export function wrongPassword(password: string, again: string): 'account.too_short' | 'account.not_same' | null {
  const SHORTEST = 12
  if ([...password].length < SHORTEST) return 'account.too_short'
  return password === again ? null : 'account.not_same'
}
