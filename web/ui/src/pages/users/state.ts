import { effect, signal } from '@preact/signals'
import { Source } from '../../source.ts'
import { can } from '../../state.ts'
import type { Token, User } from '../../wire.ts'
import { tokens, users } from './client.ts'

/** What is on the Users page. */

export const people = new Source<User[]>()
export const programs = new Source<Token[]>()
/** What is shown once and kept nowhere else: a one-time link, or a token. */
export const once = signal<{ user: User } | { token: Token } | null>(null)

export function loadUsers(): void {
  void people.load(users.list)
}

export function loadTokens(): void {
  void programs.load(tokens.list)
}

/** Loads both lists once the reader may see them; the returned function ends that. */
export function followUsers(): () => void {
  const stop = effect(() => {
    if (!can('admin')) {
      people.clear()
      programs.clear()
      return
    }
    loadUsers()
    loadTokens()
  })
  return () => {
    stop()
    once.value = null
  }
}

/** Puts the answer to a change into the list, without what is shown once. */
export function takeUser(changed: User): void {
  const { invitation, invitation_expires_at: _, ...kept } = changed
  const others = (people.state.peek().value ?? []).filter((u) => u.id !== kept.id)
  people.set([...others, kept].sort((a, b) => a.username.localeCompare(b.username)))
  if (invitation) once.value = { user: changed }
}

export function dropUser(id: string): void {
  people.set((people.state.peek().value ?? []).filter((u) => u.id !== id))
}

export function takeToken(made: Token): void {
  const { token, ...kept } = made
  programs.set([...(programs.state.peek().value ?? []), kept])
  if (token) once.value = { token: made }
}

export function dropToken(id: string): void {
  programs.set((programs.state.peek().value ?? []).filter((t) => t.id !== id))
}
