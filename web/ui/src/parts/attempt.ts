import { type Signal, useSignal } from '@preact/signals'
import { words } from '../state.ts'
import { trouble } from './trouble.ts'

export interface Attempt {
  /** What stood in the way, in words; null = nothing, so far. */
  told: Signal<string | null>
  busy: Signal<boolean>
  /** Does what the server may refuse, and tells why it did. */
  attempt: (act: () => Promise<unknown>) => Promise<void>
}

/** An act of the reader at the server: it is under way, it failed and says why, or it is done. */
export function useAttempt(): Attempt {
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const attempt = async (act: () => Promise<unknown>) => {
    busy.value = true
    try {
      await act()
    } catch (err) {
      told.value = troubleText(err)
    }
    busy.value = false
  }
  return { told, busy, attempt }
}

/** What went wrong, in a line. */
export function troubleText(err: unknown): string {
  const { text, detail } = trouble(err)
  return `${words.peek().t(text)} ${detail}`
}
