import type { List } from './wire.ts'

/** How the API is asked. The token lives in this tab only: sessionStorage is gone with it, and it is in no address. */

const TOKEN = 'quantrac.token'
const MOST = 1000

/** What is wrong with one field; in a text with lines it says where, from 1 on. */
export interface Fault {
  field: string
  detail: string
  line?: number
  column?: number
}

/** What the server said no with: an RFC 9457 problem, or as much of one as it sent. */
export class Problem extends Error {
  readonly status: number
  readonly detail: string
  readonly fields: readonly Fault[]

  constructor(status: number, detail = '', fields: readonly Fault[] = []) {
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

/** What a change by the session of this browser must show; "" = there is no session. */
let csrf = ''

export function setCsrf(value: string): void {
  csrf = value
}

export function hasSession(): boolean {
  return csrf !== ''
}

export interface Asked {
  method?: string
  body?: BodyInit
  signal?: AbortSignal
  /** Refuses to replace what is there already. */
  onlyNew?: boolean
  /** Replaces only what is still as the answer with this entity tag said. */
  onlyTag?: string
  /** Another token than the one that is kept: to try it first. */
  token?: string
  /** The form of the answer; JSON unless said. */
  accept?: string
  /** The form of a body that is a text; JSON unless said. */
  type?: string
}

/** Asks the API for an answer in whatever form; what is no success is a Problem. */
export async function request(path: string, { token, onlyNew, onlyTag, accept, type, ...init }: Asked = {}) {
  const headers = new Headers({ Accept: accept ?? 'application/json' })
  const sent = token ?? sessionStorage.getItem(TOKEN)
  if (sent) headers.set('Authorization', `Bearer ${sent}`)
  else if (csrf && init.method && init.method !== 'GET') headers.set('X-CSRF-Token', csrf)
  if (onlyNew) headers.set('If-None-Match', '*')
  if (onlyTag) headers.set('If-Match', onlyTag)
  if (typeof init.body === 'string') headers.set('Content-Type', type ?? 'application/json')
  const response = await fetch(new URL(path, document.baseURI), { ...init, headers })
  if (!response.ok) throw await problemOf(response)
  return response
}

/** Asks the API. An answer without a body is undefined. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await request(path, asked)
  return (response.status === 204 ? undefined : await response.json()) as T
}

/** An answer and the entity tag that a change of it is held against. */
export interface Tagged<T> {
  value: T
  tag: string
}

export async function askTagged<T>(path: string, asked: Asked = {}): Promise<Tagged<T>> {
  const response = await request(path, asked)
  return { value: await response.json(), tag: response.headers.get('ETag') ?? '' }
}

async function problemOf(response: Response): Promise<Problem> {
  let body: { detail?: string; errors?: Fault[] } = {}
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
