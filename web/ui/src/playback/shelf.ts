import { covers, type Slice, STEPS, windowOf } from './slice.ts'

/**
 * The windows that were fetched, the least recently used thrown away first. Each is fetched once however often it is asked for, and again
 * when it was cut short and more of it is needed, but not more often than every `PATIENCE`.
 */

export interface Window {
  from: number
  to: number
  step: number
}

const MOST = 80
const PATIENCE = 3000

interface Kept {
  slice: Slice | null
  asked: number
  pending: boolean
}

export class Shelf {
  private readonly kept = new Map<string, Kept>()

  constructor(
    private readonly load: (w: Window) => Promise<Slice>,
    /** Told when a window came or could not be had. */
    private readonly changed: (error: unknown) => void,
    private readonly now: () => number,
  ) {}

  /** What is known of an instant; null when nothing is yet. */
  get(at: number, step: number): Slice | null {
    const kept = this.kept.get(key(windowOf(at, step), step))
    return kept?.slice && covers(kept.slice, at) ? kept.slice : null
  }

  /** Asks for the window of an instant, unless it is there or on its way. */
  want(at: number, step: number): void {
    const from = windowOf(at, step)
    const name = key(from, step)
    const held = this.kept.get(name)
    if (held) {
      this.kept.delete(name)
      this.kept.set(name, held)
      if (held.pending || (held.slice && covers(held.slice, at))) return
      if (this.now() - held.asked < PATIENCE) return
    }
    const kept: Kept = { slice: held?.slice ?? null, asked: this.now(), pending: true }
    this.kept.set(name, kept)
    this.forget()
    this.load({ from, to: from + STEPS * step, step }).then(
      (slice) => {
        kept.slice = slice
        kept.pending = false
        this.changed(null)
      },
      (error: unknown) => {
        kept.pending = false
        this.changed(error)
      },
    )
  }

  clear(): void {
    this.kept.clear()
  }

  get size(): number {
    return this.kept.size
  }

  private forget(): void {
    for (const name of this.kept.keys()) {
      if (this.kept.size <= MOST) return
      this.kept.delete(name)
    }
  }
}

function key(from: number, step: number): string {
  return `${from}/${step}`
}
