import { expect, test } from 'vitest'
import { Words } from '../src/i18n/format.ts'
import type { Asked } from '../src/pages/notices/client.ts'
import { mailSpec, NEW_MAIL, NEW_WEBHOOK, webhookSpec, wrongMail, wrongWebhook } from '../src/pages/notices/forms.ts'
import { getsText } from '../src/pages/notices/gets.ts'
import { Deliveries } from '../src/pages/notices/pager.ts'

const vi = new Words('vi')
const en = new Words('en')
const names = {
  parks: new Map([['amata', { name: { vi: 'KCN Amata', en: 'Amata park' } }]]),
  stations: new Map([['amata-01', { name: { vi: 'Amata 1', en: 'Amata 1' } }]]),
}

test('what a recipient gets is told in words', () => {
  expect(getsText(NEW_WEBHOOK, names, vi)).toBe('Mọi diễn biến cảnh báo · mọi nơi')
  const some = {
    events: ['alert.opened', 'alert.resolved'],
    filter: { parks: ['amata'], stations: ['amata-01', 'gone'], severities: ['critical' as const], late: true },
  }
  expect(getsText(some, names, en)).toBe(
    'Only: Opened, Resolved · Amata 1, gone, Amata park · Critical · late ones too',
  )
})

test('a webhook needs a name and an address by http', () => {
  const good = { ...NEW_WEBHOOK, name: 'Sở', url: 'https://example.vn/hook' }
  expect(wrongWebhook(good)).toBeNull()
  expect(wrongWebhook({ ...good, name: '  ' })).toBe('hooks.name_bad')
  for (const url of ['', 'example.vn', 'ftp://example.vn', 'https://', 'javascript:alert(1)'])
    expect(wrongWebhook({ ...good, url }), url).toBe('hooks.url_bad')
})

test('a recipient of e-mails needs an address, and lengths of time that can be read', () => {
  const good = { ...NEW_MAIL, name: 'Lan', address: 'lan@example.vn' }
  expect(wrongMail(good)).toBeNull()
  expect(wrongMail({ ...good, address: 'lan' })).toBe('mails.address_bad')
  expect(wrongMail({ ...good, repeat_interval: '0s' })).toBeNull()
  expect(wrongMail({ ...good, group_wait: 'soon' })).toBe('mails.duration_bad')
})

test('what the server adds is not sent back to it', () => {
  const held = { ...NEW_WEBHOOK, id: 'wh_1', source: 'api', health: {}, secret: 'whsec_x' }
  expect(Object.keys(webhookSpec(held)).sort()).toEqual(['enabled', 'events', 'filter', 'format', 'name', 'url'])
  const mail = { ...NEW_MAIL, id: 'm1', pending: 3, group_interval: '5m0s', repeat_interval: '4h0m0s' }
  expect(mailSpec(mail)).toEqual(NEW_MAIL)
})

test('a list of deliveries goes on to older ones, and looks for news only while none are shown', async () => {
  const asked: Asked[] = []
  const list = new Deliveries<string>((a) => {
    asked.push(a)
    return Promise.resolve(
      a.cursor === '' ? { items: ['c', 'b'], next_cursor: '2' } : { items: ['a'], next_cursor: null },
    )
  })
  const settled = () => new Promise((done) => setTimeout(done))
  list.load()
  await settled()
  expect([list.items.value, list.hasMore.value]).toEqual([['c', 'b'], true])
  list.refresh()
  await settled()
  expect(asked.length).toBe(2)
  await list.more()
  expect([list.items.value, list.hasMore.value]).toEqual([['c', 'b', 'a'], false])
  list.refresh()
  await list.more()
  expect(asked.length).toBe(3)
  list.choose('dead')
  await settled()
  expect(asked.at(-1)).toEqual({ state: 'dead', cursor: '' })
  expect(list.items.value).toEqual(['c', 'b'])
})

test('older ones that cannot be had leave what there is', async () => {
  const list = new Deliveries<string>((a) =>
    a.cursor === '' ? Promise.resolve({ items: ['b'], next_cursor: '1' }) : Promise.reject(new TypeError('offline')),
  )
  list.load()
  await new Promise((done) => setTimeout(done))
  await list.more()
  expect(list.items.value).toEqual(['b'])
  expect(list.trouble.value).toBeInstanceOf(TypeError)
})
