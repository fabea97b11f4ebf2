import { effect, type ReadonlySignal, signal } from '@preact/signals'

/**
 * Follows a signal at most once per `ms`: at once after a pause, and with the newest value when the time is over. For what costs
 * too much to be done for every reading, such as sorting ten thousand stations.
 */
export function slow<T>(source: ReadonlySignal<T>, ms: number): ReadonlySignal<T> {
  const out = signal(source.peek())
  let waiting: ReturnType<typeof setTimeout> | undefined
  let last = Number.NEGATIVE_INFINITY
  const take = () => {
    waiting = undefined
    last = performance.now()
    out.value = source.peek()
  }
  effect(() => {
    void source.value
    if (waiting !== undefined) return
    const rest = last + ms - performance.now()
    if (rest <= 0) take()
    else waiting = setTimeout(take, rest)
  })
  return out
}
