import { computed, effect, signal } from '@preact/signals'
import { api } from './api.ts'
import { openAlerts, selectedAlert } from './state.ts'
import type { AlertDetail } from './wire.ts'

/** The alert that is looked at, with its timeline; asked for again whenever the alert changes. */

export const detail = signal<AlertDetail | null>(null)
/** The alert that could not be had, as a link to one that there is not. */
export const missing = signal<string | null>(null)

const watched = computed(() => {
  const id = selectedAlert.value
  return id ? openAlerts.value.get(id) : undefined
})

export function followDetail(): () => void {
  return effect(() => {
    const id = selectedAlert.value
    if (!id) {
      detail.value = null
      return
    }
    // Read for its change, which is when the timeline has grown.
    void watched.value
    if (detail.peek()?.id !== id) detail.value = null
    const abort = new AbortController()
    api.alert(id, abort.signal).then(
      (a) => {
        detail.value = a
      },
      () => {
        // What the list holds is still shown; the next change asks again.
        if (!abort.signal.aborted) missing.value = id
      },
    )
    return () => abort.abort()
  })
}
