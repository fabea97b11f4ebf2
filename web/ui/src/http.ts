import type { List } from './wire.ts'

/** How the API is asked. The token lives in this tab only: sessionStorage is gone with it, and it is in no address. */

const TOKEN = 'quantrac.token'
const MOST = 1000

/** What the server said no with: an RFC 9457 problem, or as much of one as it sent. */
export class Problem extends Error {
  readonly status: number
  readonly detail: string
  readonly fields: readonly { field: string; detail: string }[]

  constructor(status: number, detail = '', fields: readonly { field: string; detail: string }[] = []) {
    super(detail || `HTTP ${status}`)
    this.status = status
    this.detail = detail
    this.fields = fields
  }
}

/** The server wants to know who asks. */
export class Unauthorized extends Problem {}

export function setToken(token: string | null): void {
  if (token) sessionStorage.setItem(TOKEN, token)
  else sessionStorage.removeItem(TOKEN)
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null
}

export interface Asked {
  method?: string
  body?: BodyInit
  signal?: AbortSignal
  /** Refuses to replace what is there already. */
  onlyNew?: boolean
  /** Another token than the one that is kept: to try it first. */
  token?: string
}

/** Asks the API. An answer without a body is undefined. */
export async function ask<T>(path: string, { token, onlyNew, ...init }: Asked = {}): Promise<T> {
  const headers = new Headers({ Accept: 'application/json' })
  const sent = token ?? sessionStorage.getItem(TOKEN)
  if (sent) headers.set('Authorization', `Bearer ${sent}`)
  if (onlyNew) headers.set('If-None-Match', '*')
  if (typeof init.body === 'string') headers.set('Content-Type', 'application/json')
  const response = await fetch(new URL(path, document.baseURI), { ...init, headers })
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function problemOf(response: Response): Promise<Problem> {
  let body: { detail?: string; errors?: { field: string; detail: string }[] } = {}
  try {
    body = await response.json()
  } catch {
    // A proxy may answer with a page of its own; the status says enough.
  }
  const kind = response.status === 401 ? Unauthorized : Problem
  return new kind(response.status, body.detail, body.errors)
}

export type Query = Record<string, string>

/** A query string without what is empty; "" when nothing is left. */
export function search(query: Query): string {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== ''))
  return q.size > 0 ? `?${q}` : ''
}

/** Every page of a list. */
export async function all<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const q: Query = { limit: String(MOST), ...query, cursor: cursor ?? '' }
    const page: List<T> = await ask(`${path}${search(q)}`, signal ? { signal } : {})
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return items
}

export const id = encodeURIComponent
