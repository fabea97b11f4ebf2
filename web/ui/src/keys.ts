import { batch, signal } from '@preact/signals'
import { keep, chosen as kept } from './choice.ts'
import { clearFilters, follow, heat, mapQuery, wrong } from './filters.ts'
import type { Key } from './i18n/vi.ts'
import { go, place } from './router.ts'
import { helping, lookAt, selectedStation } from './state.ts'

/**
 * The keys that work on every page, and those of the map. Single keys can be turned off: dictation and screen readers press them
 * unasked.
 */

export const keysOn = signal(kept('keys') !== 'off')

export function setKeys(on: boolean): void {
  keysOn.value = on
  keep('keys', on ? 'on' : 'off')
}

export type KeyRow = readonly [key: string, text: Key]

export const EVERYWHERE: readonly KeyRow[] = [
  ['/', 'keys.search'],
  ['?', 'keys.help'],
  ['m', 'keys.map'],
  ['l', 'keys.alerts'],
  ['b', 'keys.wall'],
  ['Esc', 'keys.escape'],
]

export const ON_MAP: readonly KeyRow[] = [
  ['w', 'keys.wrong'],
  ['f', 'keys.follow'],
  ['h', 'keys.heat'],
  ['0', 'keys.whole'],
  ['r', 'keys.clear'],
  ['+ −', 'keys.zoom'],
  ['← ↑ → ↓', 'keys.pan'],
]

/** What these do is in pages/alerts/keys.ts. */
export const ON_ALERTS: readonly KeyRow[] = [
  ['j', 'keys.next'],
  ['k', 'keys.previous'],
  ['Enter', 'keys.open'],
  ['v', 'keys.select'],
  ['a', 'keys.acknowledge'],
  ['c', 'keys.comment'],
  ['g', 'keys.assign'],
  ['s', 'keys.silence'],
  ['x', 'keys.close'],
  ['Esc', 'keys.back'],
  ['?', 'keys.help'],
]

/** Follows the keys; the returned function ends that. */
export function followKeys(): () => void {
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

function onKey(e: KeyboardEvent): void {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || !(e.target instanceof Element)) return
  // What is typed is typed; the map moves by its own keys.
  if (e.target.closest('input:not([type="checkbox"]), select, textarea, dialog, [contenteditable]')) return
  if (!keysOn.peek() || !press(e.key)) return
  e.preventDefault()
}

/** False: the key means nothing here. */
function press(key: string): boolean {
  switch (key) {
    case '/':
      return search()
    case '?':
      helping.value = true
      return true
    case 'm':
      go('map', { station: selectedStation.peek() ?? '', ...mapQuery.peek() })
      return true
    case 'l':
      go('alerts')
      return true
    case 'b':
      go('wall')
      return true
    default:
      return place.peek().page === 'map' && pressOnMap(key)
  }
}

function pressOnMap(key: string): boolean {
  switch (key) {
    case 'w':
      wrong.value = !wrong.peek()
      return true
    case 'f':
      follow.value = !follow.peek()
      return true
    case 'h':
      heat.value = !heat.peek()
      return true
    case '0':
      lookAt.value = 'all'
      return true
    case 'r':
      batch(clearFilters)
      return true
    default:
      return false
  }
}

function search(): boolean {
  const box = document.querySelector('.search input')
  // It is not on every page of a phone, nor on the wall.
  if (!(box instanceof HTMLElement) || !box.checkVisibility()) return false
  box.focus()
  return true
}
