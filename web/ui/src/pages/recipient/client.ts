import { ask, id, Problem } from '../../http.ts'
import type { Delivery, Webhook } from '../../wire-notices.ts'
import { type Asked, deliveriesAt } from '../notices/client.ts'

/** What the owner of a link may ask for. The link is the credential; no other one is needed. */

const of = (token: string) => `api/v1/recipient/${id(token)}`

export const recipient = {
  webhook: (token: string, signal: AbortSignal) => ask<Webhook>(of(token), { signal }),
  deliveries: (token: string, asked: Asked, signal: AbortSignal) =>
    deliveriesAt<Delivery>(`${of(token)}/deliveries`, asked, signal),
  redeliver: (token: string, delivery: string) =>
    ask<Delivery>(`${of(token)}/deliveries/${id(delivery)}/redeliver`, { method: 'POST' }),
}

/** The link is none, or was taken back. */
export function isGone(err: unknown): boolean {
  return err instanceof Problem && err.status === 404
}
