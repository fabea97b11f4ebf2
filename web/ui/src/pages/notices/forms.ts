import type { Key } from '../../i18n/vi.ts'
import { fromDuration, toDuration } from '../../parts/duration.ts'
import type { MailSpec, NoticeFilter, WebhookSpec } from '../../wire-notices.ts'

/** What the forms of this page accept, checked before the server is asked. Pure. */

const ALL: NoticeFilter = { parks: [], stations: [], severities: [], late: false }

export const NEW_WEBHOOK: WebhookSpec = {
  name: '',
  url: '',
  events: [],
  filter: ALL,
  format: 'quantrac',
  enabled: true,
}

export const NEW_MAIL: MailSpec = {
  name: '',
  address: '',
  language: 'vi',
  events: [],
  filter: ALL,
  group_by: [],
  group_wait: '30s',
  group_interval: '5m',
  repeat_interval: '4h',
  enabled: true,
}

/** What can be changed of a recipient, without what the server adds. */
export function webhookSpec({ name, url, events, filter, format, enabled }: WebhookSpec): WebhookSpec {
  return { name, url, events, filter, format, enabled }
}

export function mailSpec(m: MailSpec): MailSpec {
  const { name, address, language, events, filter, group_by, enabled } = m
  return {
    ...{ name, address, language, events, filter, group_by, enabled },
    group_wait: short(m.group_wait),
    group_interval: short(m.group_interval),
    repeat_interval: short(m.repeat_interval),
  }
}

/** "4h" for the "4h0m0s" of the server. */
function short(length: string): string {
  const ms = fromDuration(length)
  return ms === null ? length : toDuration(ms)
}

/** The first thing that is wrong; null when nothing is. What else there is, the server says. */
export function wrongWebhook(s: WebhookSpec): Key | null {
  if (s.name.trim() === '') return 'hooks.name_bad'
  return /^https?:\/\/[^\s/]+/.test(s.url.trim()) ? null : 'hooks.url_bad'
}

export function wrongMail(s: MailSpec): Key | null {
  if (s.name.trim() === '') return 'hooks.name_bad'
  if (!/^[^\s@]+@[^\s@]+$/.test(s.address.trim())) return 'mails.address_bad'
  const lengths = [s.group_wait, s.group_interval, s.repeat_interval]
  return lengths.every((l) => fromDuration(l) !== null) ? null : 'mails.duration_bad'
}
