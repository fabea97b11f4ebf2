import type { MapOptions } from '../map/map.ts'

/**
 * Mounts the map once its code is there. It is most of the page's size, and the lists beside it are of use before it. The returned
 * function takes it away again, also before it has come.
 */
export function mounted(container: HTMLElement, { onFailed, ...options }: MapOptions & { onFailed: () => void }) {
  let gone = false
  let remove: (() => void) | null = null
  import('../map/map.ts').then(
    ({ mountMap }) => {
      if (gone) return
      try {
        remove = mountMap(container, options).remove
      } catch {
        onFailed()
      }
    },
    () => onFailed(),
  )
  return () => {
    gone = true
    remove?.()
  }
}
