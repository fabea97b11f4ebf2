import { effect, signal } from '@preact/signals'
import { fromBase64, textOf } from '../../parts/bytes.ts'
import { fromLocal, toLocal } from '../../parts/zone.ts'
import { Source } from '../../source.ts'
import type { Decoded, Mapping, NewMapping, Quarantined, Unknown } from '../../wire-doors.ts'
import { getEntry } from '../quarantine/client.ts'
import { accept as acceptMapping, decode, waiting } from './client.ts'
import type { Example } from './examples.ts'
import { waitsFor } from './names.ts'

/** What is on the Decode page. It outlives the page, so that who looks something up elsewhere finds it again. */

export interface Payload {
  bytes: Uint8Array<ArrayBuffer>
  /** Null when the bytes are no text. */
  text: string | null
  /** The file that it came from; "" when it was typed or pasted. */
  file: string
}

const MOST = 1 << 20
const DEBOUNCE = 250
const EMPTY: Payload = { bytes: new Uint8Array(), text: '', file: '' }

export const payload = signal<Payload>(EMPTY)
export const topic = signal('')
export const filename = signal('')
/** As the input has it: the wall clock of Viet Nam, "" for the present. */
export const assumed = signal('')
/** The size of what was refused because the server would not take it; 0 = nothing was. */
export const tooLarge = signal(0)
/** The quarantine entry that the payload came from. */
export const origin = signal<string | null>(null)
/** Counts up when the meaning of names has changed, so that the payload is decoded again. */
const meaning = signal(0)

export const result = new Source<Decoded>()
export const fetched = new Source<Quarantined>()

export interface Accepted {
  mapping: Mapping
  /** Quarantine entries that wait for this name; null while that is being found out, or when it could not be. */
  waiting: readonly string[] | null
}

export const accepted = signal<readonly Accepted[]>([])

/** Text that was typed or pasted; what came from a file keeps its bytes until it is edited. */
export function setText(text: string): void {
  const bytes = new TextEncoder().encode(text)
  payload.value = { bytes, text, file: '' }
  tooLarge.value = bytes.length > MOST ? bytes.length : 0
  origin.value = null
}

export function clear(): void {
  payload.value = EMPTY
  topic.value = ''
  filename.value = ''
  assumed.value = ''
  tooLarge.value = 0
  origin.value = null
  accepted.value = []
}

export function show(example: Example): void {
  clear()
  setText(example.body)
  topic.value = example.topic
  filename.value = example.filename
}

export async function takeFile(file: File): Promise<void> {
  if (file.size > MOST) {
    tooLarge.value = file.size
    return
  }
  const bytes = new Uint8Array(await file.arrayBuffer())
  clear()
  payload.value = { bytes, text: textOf(bytes), file: file.name }
  filename.value = file.name
}

export function takeEntry(entry: Quarantined, bytes: Uint8Array<ArrayBuffer>): void {
  clear()
  payload.value = { bytes, text: textOf(bytes), file: '' }
  topic.value = entry.topic
  assumed.value = toLocal(Date.parse(entry.received_at))
  origin.value = entry.id
}

/** Fetches a quarantine entry by its id, as a link to this page may name one. */
export async function fetchEntry(id: string): Promise<void> {
  if (origin.peek() === id) return
  await fetched.load((abort) => getEntry(id, abort))
  const { status, value } = fetched.state.peek()
  if (status === 'ready' && value) takeEntry(value, fromBase64(value.body) ?? new Uint8Array())
}

/** Decodes whatever is there, a moment after the last key; the returned function ends that. */
export function followPayload(): () => void {
  return effect(() => {
    const { bytes } = payload.value
    const now = fromLocal(assumed.value)
    const about = {
      topic: topic.value.trim(),
      filename: filename.value.trim(),
      now: now === null ? '' : new Date(now).toISOString(),
    }
    void meaning.value
    if (bytes.length === 0 || bytes.length > MOST) {
      result.clear()
      return
    }
    const timer = setTimeout(() => void result.load((abort) => decode(bytes, about, abort)), DEBOUNCE)
    return () => clearTimeout(timer)
  })
}

/** Makes a proposed meaning the rule, decodes again, and finds out what has been waiting for it. */
export async function accept(u: Unknown, mapping: NewMapping): Promise<void> {
  const made = await acceptMapping(mapping)
  meaning.value += 1
  accepted.value = [...accepted.peek(), { mapping: made, waiting: null }]
  const entries = await waiting(`unknown_${u.kind}`, new AbortController().signal)
  const ids = entries.filter((e) => waitsFor(e, u)).map((e) => e.id)
  accepted.value = accepted.peek().map((a) => (a.mapping.id === made.id ? { ...a, waiting: ids } : a))
}
