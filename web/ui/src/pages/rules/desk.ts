import { computed, effect, signal } from '@preact/signals'
import { type Fault, Problem } from '../../http.ts'
import { Source } from '../../source.ts'
import type { Rule } from '../../wire-rules.ts'
import { rules } from './client.ts'
import { read, TEMPLATE } from './draft.ts'
import { chosen, take } from './state.ts'

/** The draft that is worked on: its text, what it stands against, and what the server says of it. */

export interface Base {
  text: string
  /** "" = there is no such rule yet. */
  tag: string
}

export const base = new Source<Base>()
export const text = signal('')
/** The server's answer to the text as it stands. */
export const checked = new Source<Rule>()

/** Drafts that were left, by rule: who looks something up elsewhere finds his own again. */
const left = new Map<string, string>()

const PAUSE = 350

export const parsed = computed(() => read(text.value))
export const isNew = computed(() => base.state.value.value?.tag === '')
export const differs = computed(() => isNew.value || text.value !== base.state.value.value?.text)

export const faults = computed<readonly Fault[]>(() => {
  const { status, error } = checked.state.value
  if (status !== 'failed' || !(error instanceof Problem) || error.status !== 422) return []
  return error.fields.length > 0 ? error.fields : [{ field: '', detail: error.detail }]
})

/** The draft as sentences need it: what the server made of it, else what can be read. */
export const draft = computed<Rule | null>(() => {
  const { value, status } = checked.state.value
  if (value && status !== 'failed') return value
  return null
})

export function loadBase(keepText = false): void {
  const id = chosen.peek()
  if (!id) return
  void base
    .load(async (abort) => {
      const { value, tag } = await rules.text(id, abort).catch(noneYet)
      return { text: value, tag }
    })
    .then(() => {
      const now = base.state.peek()
      if (now.status !== 'ready' || chosen.peek() !== id || keepText) return
      text.value = left.get(id) ?? now.value?.text ?? ''
    })
}

/** A rule that is not there yet begins as the template. */
function noneYet(err: unknown): { value: string; tag: string } {
  if (err instanceof Problem && err.status === 404) return { value: TEMPLATE, tag: '' }
  throw err
}

/** Follows the rule that is chosen; the returned function ends that. */
export function followDraft(): () => void {
  const stopLoad = effect(() => {
    if (!chosen.value) return
    base.clear()
    checked.clear()
    text.value = ''
    loadBase()
  })
  let timer = 0
  const stopCheck = effect(() => {
    const id = chosen.value
    const now = text.value
    clearTimeout(timer)
    if (!id || now === '') return
    const held = base.state.peek().value
    if (held && now !== held.text) left.set(id, now)
    else left.delete(id)
    timer = window.setTimeout(() => void checked.load((abort) => rules.check(id, now, abort)), PAUSE)
  })
  return () => {
    clearTimeout(timer)
    stopLoad()
    stopCheck()
  }
}

export function reset(): void {
  const id = chosen.peek()
  if (id) left.delete(id)
  text.value = base.state.peek().value?.text ?? ''
}

/** Puts the draft in force, and reads what it became: the answer to a later change is held against that. */
export async function accept(): Promise<void> {
  const id = chosen.peek()
  const held = base.state.peek().value
  if (!id || !held) return
  take(await rules.put(id, text.peek(), held.tag))
  left.delete(id)
  loadBase()
}

/** Takes the edit away. */
export async function remove(): Promise<void> {
  const id = chosen.peek()
  const held = base.state.peek().value
  if (!id || !held) return
  await rules.remove(id, held.tag)
  left.delete(id)
}
