import { computed, effect, signal } from '@preact/signals'
import { Source } from '../../source.ts'
import type { List, RawRow } from '../../wire.ts'
import { rawRows } from './client.ts'
import { asked, main, query, span } from './state.ts'

/** The readings of the chart as they are stored, page by page, once the reader has opened them. */

export const rows = new Source<List<RawRow>>()
export const rowsOpen = signal(false)
export const onlyMarked = computed(() => query.value.rows === 'marked')
const PAGE = 100

/** What is asked for. A span that ends now moves on by itself; its rows would jump under the reader's eyes, so they stay. */
const question = computed(() => {
  const { name, from, to } = span.value
  const { station, parameter } = main.value
  return JSON.stringify([station, parameter, name ?? [from, to], onlyMarked.value, asked.value])
})

export function followRows(): () => void {
  const stop = effect(() => {
    void question.value
    if (!rowsOpen.value || main.peek().parameter === '') return
    const of = main.peek()
    const within = span.peek()
    const marked = onlyMarked.peek()
    void rows.load((abort) => rawRows(of, within, { most: PAGE, marked }, abort))
  })
  return () => {
    stop()
    rows.clear()
  }
}

export async function moreRows(): Promise<void> {
  const held = rows.state.peek().value
  if (!held?.next_cursor) return
  const page = { most: PAGE, cursor: held.next_cursor, marked: onlyMarked.peek() }
  await rows.load(async (abort) => {
    const next = await rawRows(main.peek(), span.peek(), page, abort)
    return { items: [...held.items, ...next.items], next_cursor: next.next_cursor }
  })
}
