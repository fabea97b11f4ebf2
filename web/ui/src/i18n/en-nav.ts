import type { nav as vi } from './vi-nav.ts'

/** What the way around says. */
export const nav: Record<keyof typeof vi, string> = {
  'page.quality': 'Quality',
  'page.registry': 'Registry',
  'page.rules': 'Rules',
  'nav.more': 'More',
  'page.notices': 'Recipients',
  'page.recipient': 'Page of the recipient',
}
