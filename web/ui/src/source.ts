import { type ReadonlySignal, signal } from '@preact/signals'

/** How far something that was asked for is. A value that was there stays while it is asked for again. */
export interface Loaded<T> {
  status: 'loading' | 'ready' | 'failed'
  value: T | null
  error: unknown
}

/** Something that is asked for again and again. The newest question wins, and only its answer is shown. */
export class Source<T> {
  private readonly current = signal<Loaded<T>>({ status: 'loading', value: null, error: null })
  private abort: AbortController | null = null

  get state(): ReadonlySignal<Loaded<T>> {
    return this.current
  }

  async load(question: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.abort?.abort()
    const abort = new AbortController()
    this.abort = abort
    this.current.value = { ...this.current.peek(), status: 'loading', error: null }
    try {
      const value = await question(abort.signal)
      if (!abort.signal.aborted) this.current.value = { status: 'ready', value, error: null }
    } catch (error) {
      if (!abort.signal.aborted) this.current.value = { ...this.current.peek(), status: 'failed', error }
    }
  }

  /** Changes what is held, for an answer that came with an act. */
  set(value: T): void {
    this.abort?.abort()
    this.current.value = { status: 'ready', value, error: null }
  }

  clear(): void {
    this.abort?.abort()
    this.current.value = { status: 'loading', value: null, error: null }
  }
}
