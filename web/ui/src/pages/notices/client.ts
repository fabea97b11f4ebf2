import { all, ask, id, search } from '../../http.ts'
import type { List } from '../../wire.ts'
import type {
  Delivery,
  Mail,
  MailDelivery,
  MailPreview,
  MailSpec,
  Preview,
  Webhook,
  WebhookSpec,
} from '../../wire-notices.ts'

/** The results that deliveries are listed by; "" = every try. */
export const RESULTS = ['', 'pending', 'delivered', 'dead'] as const
export type Result = (typeof RESULTS)[number]

const PAGE = 50

export interface Asked {
  state: Result
  cursor: string
}

export function deliveriesAt<T>(path: string, asked: Asked, signal: AbortSignal): Promise<List<T>> {
  return ask<List<T>>(`${path}${search({ ...asked, limit: String(PAGE) })}`, { signal })
}

const one = (hook: string) => `api/v1/webhooks/${id(hook)}`

export const webhooks = {
  list: (signal: AbortSignal) => all<Webhook>('api/v1/webhooks', {}, signal),
  /** The answer holds the secret, this once. */
  create: (spec: WebhookSpec) => ask<Webhook>('api/v1/webhooks', { method: 'POST', body: JSON.stringify(spec) }),
  change: (hook: string, spec: WebhookSpec) => ask<Webhook>(one(hook), { method: 'PUT', body: JSON.stringify(spec) }),
  remove: (hook: string) => ask<void>(one(hook), { method: 'DELETE' }),
  /** The answer holds the new secret, this once. */
  rotate: (hook: string) => ask<Webhook>(`${one(hook)}/rotate`, { method: 'POST' }),
  preview: (hook: string) => ask<Preview>(`${one(hook)}/preview`),
  test: (hook: string) => ask<Delivery>(`${one(hook)}/test`, { method: 'POST' }),
  link: (hook: string) => ask<{ token: string }>(`${one(hook)}/link`, { method: 'POST' }),
  unlink: (hook: string) => ask<void>(`${one(hook)}/link`, { method: 'DELETE' }),
  deliveries: (hook: string, asked: Asked, signal: AbortSignal) =>
    deliveriesAt<Delivery>(`${one(hook)}/deliveries`, asked, signal),
  redeliver: (delivery: string) => ask<Delivery>(`api/v1/deliveries/${id(delivery)}/redeliver`, { method: 'POST' }),
  since: (hook: string, since: string) =>
    ask<{ queued: number }>(`${one(hook)}/redeliver`, { method: 'POST', body: JSON.stringify({ since }) }),
  /** When something last arrived; null = never. */
  lastSuccess: async (hook: string, signal: AbortSignal): Promise<string | null> => {
    const { items } = await ask<List<Delivery>>(`${one(hook)}/deliveries?state=delivered&limit=1`, { signal })
    return items[0]?.at ?? null
  },
}

const mail = (recipient: string) => `api/v1/mails/${id(recipient)}`

export const mails = {
  list: (signal: AbortSignal) => all<Mail>('api/v1/mails', {}, signal),
  create: (spec: MailSpec) => ask<Mail>('api/v1/mails', { method: 'POST', body: JSON.stringify(spec) }),
  change: (recipient: string, spec: MailSpec) =>
    ask<Mail>(mail(recipient), { method: 'PUT', body: JSON.stringify(spec) }),
  remove: (recipient: string) => ask<void>(mail(recipient), { method: 'DELETE' }),
  preview: (recipient: string) => ask<MailPreview>(`${mail(recipient)}/preview`),
  test: (recipient: string) => ask<MailDelivery>(`${mail(recipient)}/test`, { method: 'POST' }),
  deliveries: (recipient: string, asked: Asked, signal: AbortSignal) =>
    deliveriesAt<MailDelivery>(`${mail(recipient)}/deliveries`, asked, signal),
  redeliver: (delivery: string) =>
    ask<MailDelivery>(`api/v1/mail-deliveries/${id(delivery)}/redeliver`, { method: 'POST' }),
}
