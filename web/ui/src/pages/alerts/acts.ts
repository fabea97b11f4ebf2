import { signal } from '@preact/signals'
import { Problem } from '../../http.ts'
import type { Key } from '../../i18n/vi.ts'
import { trouble } from '../../parts/trouble.ts'
import { dispatch } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { type Act, type ActBody, postAct } from './client.ts'

/**
 * What an officer does about an alert. It shows at once and is marked as being sent; then the server's answer stands in its place,
 * whatever that is.
 */

type Sending = Partial<Pick<Alert, 'acknowledged_at' | 'acknowledged_by' | 'assignee'>>

const sending = signal<ReadonlyMap<string, Sending>>(new Map())

export function isSending(id: string): boolean {
  return sending.value.has(id)
}

export function withSending(a: Alert): Alert {
  const s = sending.value.get(a.id)
  return s ? { ...a, ...s } : a
}

export interface Outcome {
  id: string
  good: boolean
  text: Key
  detail: string
}

/** How the last act on one alert went; the page says it beside that alert. */
export const outcome = signal<Outcome | null>(null)
/** Grows with every answer: the timeline then has one line more. */
export const acted = signal(0)

export type Result = 'done' | 'over' | 'refused' | 'failed'

const DONE: Record<Act, Key> = {
  acknowledge: 'did.acknowledge',
  comments: 'did.comments',
  assign: 'did.assign',
  close: 'did.close',
}

export async function act(id: string, what: Act, body: ActBody = {}): Promise<Result> {
  sending.value = new Map(sending.peek()).set(id, guess(what, body))
  let result: Result = 'done'
  try {
    const alert = await postAct(id, what, body)
    dispatch({ type: 'answer', alert })
    outcome.value = { id, good: true, text: DONE[what], detail: '' }
  } catch (error) {
    const { text, detail } = trouble(error)
    const status = error instanceof Problem ? error.status : 0
    result = status === 409 ? 'over' : status === 401 || status === 403 ? 'refused' : 'failed'
    outcome.value = { id, good: false, text: result === 'over' ? 'did.over' : text, detail }
  }
  const left = new Map(sending.peek())
  left.delete(id)
  sending.value = left
  acted.value += 1
  return result
}

/** What the alert will be, if the server agrees. Who is asking, only the server knows. */
function guess(what: Act, body: ActBody): Sending {
  if (what === 'acknowledge') return { acknowledged_at: new Date().toISOString(), acknowledged_by: '' }
  return what === 'assign' && body.assignee ? { assignee: body.assignee } : {}
}

export interface Tally {
  all: number
  done: number
  /** Those that had ended before, and those that could not be done. */
  over: number
  failed: number
  running: boolean
}

export const tally = signal<Tally | null>(null)

/** The same for several, one after the other, with an account of it. Without the right to it, it ends at the first. */
export async function actOnAll(ids: readonly string[], what: Act, body: ActBody = {}): Promise<void> {
  let t: Tally = { all: ids.length, done: 0, over: 0, failed: 0, running: true }
  tally.value = t
  for (const id of ids) {
    const result = await act(id, what, body)
    if (result === 'done') t = { ...t, done: t.done + 1 }
    else if (result === 'over') t = { ...t, over: t.over + 1 }
    else t = { ...t, failed: t.failed + 1 }
    tally.value = t
    if (result === 'refused') break
  }
  tally.value = { ...t, running: false }
}
