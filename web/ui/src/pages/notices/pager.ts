import { computed, signal } from '@preact/signals'
import { Source } from '../../source.ts'
import type { List } from '../../wire.ts'
import type { Asked, Result } from './client.ts'

/** A list of deliveries: the newest page, asked for again and again while only it is shown, and older ones on request. */
export class Deliveries<T> {
  readonly result = signal<Result>('')
  private readonly newest = new Source<List<T>>()
  private readonly older = signal<T[]>([])
  private readonly cursor = signal<string | null>(null)
  /** Of the way to older ones. */
  readonly trouble = signal<unknown>(null)
  private readonly ask: (asked: Asked, signal: AbortSignal) => Promise<List<T>>

  constructor(ask: (asked: Asked, signal: AbortSignal) => Promise<List<T>>) {
    this.ask = ask
  }

  readonly state = computed(() => this.newest.state.value)
  readonly items = computed(() => [...(this.newest.state.value.value?.items ?? []), ...this.older.value])
  readonly hasMore = computed(() =>
    this.older.value.length > 0 ? this.cursor.value !== null : Boolean(this.newest.state.value.value?.next_cursor),
  )

  choose(result: Result): void {
    this.result.value = result
    this.newest.clear()
    this.load()
  }

  load(): void {
    this.older.value = []
    this.cursor.value = null
    this.trouble.value = null
    const asked = { state: this.result.peek(), cursor: '' }
    void this.newest.load((abort) => this.ask(asked, abort))
  }

  /** Looks for news, unless older ones are being read: the list would jump. */
  refresh(): void {
    if (this.older.peek().length === 0 && this.newest.state.peek().status === 'ready') this.load()
  }

  async more(): Promise<void> {
    const from = this.older.peek().length > 0 ? this.cursor.peek() : this.newest.state.peek().value?.next_cursor
    if (!from) return
    try {
      const page = await this.ask({ state: this.result.peek(), cursor: from }, new AbortController().signal)
      this.older.value = [...this.older.peek(), ...page.items]
      this.cursor.value = page.next_cursor
      this.trouble.value = null
    } catch (err) {
      this.trouble.value = err
    }
  }
}
