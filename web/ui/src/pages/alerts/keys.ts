import { keysOn } from '../../keys.ts'
import { refine } from '../../router.ts'
import { can } from '../../state.ts'
import { act, actOnAll } from './acts.ts'
import { type Ask, asking, selection, step, subject, subjects, tick } from './desk.ts'
import { chosen } from './state.ts'

/** The keys of the page, and what each does; `?` and the keys of every page are in src/keys.ts. */

export function followKeys(): () => void {
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

function onKey(e: KeyboardEvent): void {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || !(e.target instanceof Element)) return
  if (asking.peek() || e.target.closest('input:not([type="checkbox"]), select, textarea, dialog, [contenteditable]'))
    return
  if (e.key === 'Escape') back()
  else if (!keysOn.peek() || !press(e.key)) return
  e.preventDefault()
}

function back(): void {
  if (chosen.peek()) refine({ alert: '' })
}

/** False: the key means nothing here. */
function press(key: string): boolean {
  switch (key) {
    case 'j':
      step(1)
      return true
    case 'k':
      step(-1)
      return true
    case 'v': {
      const a = subject()
      if (a) tick(a.id)
      return a !== null
    }
    case 'a':
      return can('officer') && acknowledge()
    case 'c':
      return can('officer') && askFor('comments')
    case 'g':
      return can('officer') && askFor('assign')
    case 's':
      return can('officer') && askFor('silence')
    case 'x':
      return can('officer') && askFor('close')
    default:
      return false
  }
}

export function acknowledge(): boolean {
  const open = subjects().filter((a) => a.state === 'open' && !a.acknowledged_at)
  if (open.length === 0) return false
  const ids = open.map((a) => a.id)
  const [only] = ids
  if (selection.peek().length === 0 && only) void act(only, 'acknowledge')
  else void actOnAll(ids, 'acknowledge')
  return true
}

/** A comment and a cause are about one alert; an assignee and a silence can be about several. */
export function askFor(what: Ask): boolean {
  const one = subject()
  const alerts = what === 'assign' || what === 'silence' ? subjects() : one ? [one] : []
  const able = what === 'comments' ? alerts : alerts.filter((a) => a.state === 'open')
  if (able.length === 0) return false
  asking.value = { what, alerts: able }
  return true
}
