import { useSignal } from '@preact/signals'
import type { Key } from '../i18n/vi.ts'
import { words } from '../state.ts'
import { type Attempt, useAttempt } from './attempt.ts'

interface Work<T> {
  first: T
  /** What is wrong with a draft before anybody is asked; null = nothing. */
  wrong: (draft: T) => Key | null
  save: (draft: T) => Promise<unknown>
  onClose: () => void
}

interface Draft<T> extends Pick<Attempt, 'told' | 'busy'> {
  draft: T
  change: (part: Partial<T>) => void
  onSubmit: (e: SubmitEvent) => void
}

/** A draft in a form: changed part by part, checked, saved, and then closed. */
export function useDraft<T extends object>({ first, wrong, save, onClose }: Work<T>): Draft<T> {
  const draft = useSignal(first)
  const { told, busy, attempt } = useAttempt()
  const change = (part: Partial<T>) => {
    draft.value = { ...draft.peek(), ...part }
    told.value = null
  }
  const onSubmit = (e: SubmitEvent) => {
    e.preventDefault()
    const fault = wrong(draft.peek())
    if (fault) {
      told.value = words.peek().t(fault)
      return
    }
    void attempt(async () => {
      await save(draft.peek())
      onClose()
    })
  }
  return { draft: draft.value, change, told, busy, onSubmit }
}
