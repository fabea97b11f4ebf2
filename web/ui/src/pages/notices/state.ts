import { computed, effect, signal } from '@preact/signals'
import { place } from '../../router.ts'
import { Source } from '../../source.ts'
import { can, parks, stations } from '../../state.ts'
import type { Mail, Webhook } from '../../wire-notices.ts'
import { mails, webhooks } from './client.ts'
import type { Names } from './gets.ts'

/** What is on the page of recipients. */

const query = computed(() => (place.value.page === 'notices' ? place.value.query : {}))

export const TABS = ['webhooks', 'mails'] as const
export type Tab = (typeof TABS)[number]
export const tab = computed<Tab>(() => (query.value.tab === 'mails' ? 'mails' : 'webhooks'))
/** The recipient whose deliveries are shown. */
export const chosen = computed(() => query.value.id ?? null)

export const hooks = new Source<Webhook[]>()
export const letters = new Source<Mail[]>()

/** When something last arrived, by webhook; null = never. */
export const lastSuccess = signal<ReadonlyMap<string, string | null>>(new Map())

/** A webhook with its secret, or with the address of its recipient's page, for as long as it is shown. They are kept nowhere else. */
export const secret = signal<Webhook | null>(null)
export const link = signal<{ name: string; address: string } | null>(null)

export const names = computed<Names>(() => ({ parks: parks.value, stations: stations.value }))

const AGAIN = 5000

export function loadHooks(): void {
  void hooks.load(async (signal) => {
    const list = await webhooks.list(signal)
    void lookUpSuccess(list, signal)
    return list
  })
}

/** An answer by itself for each, so that the list does not wait for it. */
async function lookUpSuccess(list: readonly Webhook[], abort: AbortSignal): Promise<void> {
  for (const { id } of list) {
    try {
      const at = await webhooks.lastSuccess(id, abort)
      if (abort.aborted) return
      lastSuccess.value = new Map(lastSuccess.peek()).set(id, at)
    } catch {
      // The next look finds it.
      return
    }
  }
}

export function loadLetters(): void {
  void letters.load(mails.list)
}

/** Loads what is shown, and again every few seconds; the returned function ends that. */
export function followNotices(): () => void {
  let timer = 0
  const stop = effect(() => {
    clearInterval(timer)
    if (!can('admin')) {
      hooks.clear()
      letters.clear()
      return
    }
    const load = tab.value === 'mails' ? loadLetters : loadHooks
    load()
    timer = window.setInterval(load, AGAIN)
  })
  return () => {
    stop()
    clearInterval(timer)
    secret.value = null
    link.value = null
  }
}

/** Puts the answer to a change into the list, without its secret. */
export function takeHook({ secret: told, ...kept }: Webhook): void {
  const held = hooks.state.peek().value ?? []
  const known = held.some((h) => h.id === kept.id)
  hooks.set(known ? held.map((h) => (h.id === kept.id ? { ...h, ...kept } : h)) : [...held, kept])
  if (told) secret.value = { ...kept, secret: told }
  loadHooks()
}

export function takeLetter(m: Mail): void {
  const held = letters.state.peek().value ?? []
  letters.set(held.some((x) => x.id === m.id) ? held.map((x) => (x.id === m.id ? m : x)) : [...held, m])
}

/** The address of the recipient's own page. What follows the # stays in the browser: no server and no referrer sees it. */
export function recipientAddress(token: string): string {
  return new URL(`./recipient#${token}`, document.baseURI).href
}
