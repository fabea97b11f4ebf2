import type { Severity } from './wire.ts'

/** Who is told of alerts, by webhook or e-mail, and what came of it, as it is on the wire. */

export const EVENTS = [
  'alert.opened',
  'alert.updated',
  'alert.acknowledged',
  'alert.resolved',
  'alert.closed',
  'alert.withdrawn',
  'alert.undelivered',
  'alert.escalated',
  'alert.assigned',
  'alert.commented',
] as const

export interface NoticeFilter {
  parks: string[]
  stations: string[]
  severities: Severity[]
  /** Also what is known more than an hour late. */
  late: boolean
}

export const FORMATS = ['quantrac', 'alertmanager', 'cloudevents'] as const
export type Format = (typeof FORMATS)[number]

export interface Health {
  /** paused: its host fails again and again, and single tries find out whether it is back. */
  state: 'ok' | 'slow' | 'paused' | 'disabled'
  /** In a row. */
  failures: number
  since?: string
  next_try?: string
  pending: number
  dead: number
}

export interface Webhook {
  id: string
  name: string
  url: string
  /** Empty: the usual ones. */
  events: string[]
  filter: NoticeFilter
  format: Format
  enabled: boolean
  disabled_reason?: string
  created_at: string
  source: 'api' | 'config'
  /** Until then the secret before the present one signs too. */
  old_secret_until?: string
  /** When the link of the recipient's own page was made. */
  link_created_at?: string
  health?: Health
  /** Only in the answer that created it or rotated it. */
  secret?: string
}

export interface WebhookSpec {
  name: string
  url: string
  events: string[]
  filter: NoticeFilter
  format: Format
  enabled: boolean
}

/** One try of one event, or a change of state without one. */
export interface Delivery {
  id: string
  webhook: string
  alert: string
  type: string
  /** Counts the tries from 1; 0 = none yet. */
  attempt: number
  at: string
  /** HTTP status of the answer; 0 = none, and error says why. */
  status: number
  error?: string
  answer?: string
  duration_ms: number
  next_at?: string
  queued_at?: string
  state: 'waiting' | 'retrying' | 'delivered' | 'dead' | 'skipped' | 'disabled'
}

export interface Preview {
  method: string
  url: string
  headers: Record<string, string[]>
  body: string
}

export const GROUPS = ['park', 'rule', 'station', 'parameter'] as const

export interface MailSpec {
  name: string
  address: string
  language: 'vi' | 'en' | 'both'
  events: string[]
  filter: NoticeFilter
  /** Empty: park and rule. */
  group_by: string[]
  group_wait: string
  group_interval: string
  repeat_interval: string
  enabled: boolean
}

export interface Mail extends MailSpec {
  id: string
  source: 'api' | 'config'
  created_at?: string
  pending: number
  dead: number
}

export interface MailDelivery {
  id: string
  recipient: string
  alerts: string[]
  type: 'mail.changes' | 'mail.reminder' | 'mail.test'
  subject: string
  attempt: number
  at: string
  status: number
  error?: string
  duration_ms: number
  next_at?: string
  state: 'waiting' | 'retrying' | 'delivered' | 'dead'
}

export interface MailPreview {
  from: string
  to: string
  subject: string
  text: string
  html: string
}
