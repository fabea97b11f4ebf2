import { signal } from '@preact/signals'
import { Problem } from '../http.ts'
import type { Receipt } from '../wire-doors.ts'

/** Tries deliveries of the quarantine again, one after the other, and keeps account. */

export interface Tally {
  all: number
  done: number
  /** Readings that were stored now, and parts that were rejected again. */
  accepted: number
  rejected: number
  /** Deliveries that somebody had retried before, and those that could not be. */
  already: number
  failed: number
  running: boolean
}

const NOTHING: Omit<Tally, 'all'> = { done: 0, accepted: 0, rejected: 0, already: 0, failed: 0, running: true }

export class Retries {
  readonly tally = signal<Tally | null>(null)
  private readonly retry: (id: string) => Promise<Receipt>
  private stopped = false

  constructor(retry: (id: string) => Promise<Receipt>) {
    this.retry = retry
  }

  /** Tries each, and returns the ids that are done with: retried now or before. */
  async run(ids: readonly string[]): Promise<Set<string>> {
    const settled = new Set<string>()
    this.stopped = false
    this.tally.value = { all: ids.length, ...NOTHING }
    for (const id of ids) {
      if (this.stopped) break
      await this.one(id, settled)
    }
    this.add({ running: false })
    return settled
  }

  stop(): void {
    this.stopped = true
  }

  clear(): void {
    this.stop()
    this.tally.value = null
  }

  private async one(id: string, settled: Set<string>): Promise<void> {
    const t = this.tally.peek()
    if (!t) return
    try {
      const { accepted, rejected } = await this.retry(id)
      settled.add(id)
      this.add({ done: t.done + 1, accepted: t.accepted + accepted, rejected: t.rejected + (rejected?.length ?? 0) })
    } catch (err) {
      const status = err instanceof Problem ? err.status : 0
      if (status === 409) {
        settled.add(id)
        this.add({ done: t.done + 1, already: t.already + 1 })
        return
      }
      this.add({ done: t.done + 1, failed: t.failed + 1 })
      // Without the right, the next one would be refused as well.
      if (status === 401 || status === 403) this.stop()
    }
  }

  private add(changes: Partial<Tally>): void {
    const t = this.tally.peek()
    if (t) this.tally.value = { ...t, ...changes }
  }
}
