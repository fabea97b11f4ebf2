import { all, ask, askTagged, id } from '../../http.ts'
import type { Token, User } from '../../wire.ts'

export interface NewUser {
  username: string
  name: string
  role: string
  parks: string[]
}

export type UserChange = Pick<User, 'name' | 'role' | 'parks' | 'disabled'>

export interface NewToken {
  name: string
  role: string
  parks: string[]
  expires_at?: string
}

export const users = {
  list: (signal: AbortSignal) => all<User>('api/v1/users', {}, signal),
  /** The answer holds the one-time link, this once. */
  create: (user: NewUser) => ask<User>('api/v1/users', { method: 'POST', body: JSON.stringify(user) }),
  /** Changes a user as the server has them, unless somebody else does so in between. */
  change: async (user: string, change: Partial<UserChange>): Promise<User> => {
    const { value, tag } = await askTagged<User>(`api/v1/users/${id(user)}`)
    const { name, role, parks, disabled } = value
    const body = JSON.stringify({ name, role, parks, disabled, ...change })
    return ask<User>(`api/v1/users/${id(user)}`, { method: 'PUT', body, onlyTag: tag })
  },
  reset: (user: string) => ask<User>(`api/v1/users/${id(user)}/reset`, { method: 'POST' }),
  remove: (user: string) => ask<void>(`api/v1/users/${id(user)}`, { method: 'DELETE' }),
}

export const tokens = {
  list: (signal: AbortSignal) => all<Token>('api/v1/tokens', {}, signal),
  /** The answer holds the token, this once. */
  create: (token: NewToken) => ask<Token>('api/v1/tokens', { method: 'POST', body: JSON.stringify(token) }),
  remove: (token: string) => ask<void>(`api/v1/tokens/${id(token)}`, { method: 'DELETE' }),
}
