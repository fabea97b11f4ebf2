import { computed, signal } from '@preact/signals'
import { api } from './api.ts'
import { communes, fromFile, type Named, waters } from './gazetteer.ts'
import { basemap, parks, rivers } from './state.ts'

/** The places that the search knows: communes of the parks, rivers, and those of the server's detail once they are asked for. */

const detailed = signal<readonly Named[]>([])
let asked = ''

export const named = computed<readonly Named[]>(() => [
  ...communes(parks.value.values()),
  ...waters(rivers.value),
  ...detailed.value,
])

/** Fetches the names of the server's detail, once: only who searches needs them. */
export function lookUpPlaces(): void {
  const url = basemap.peek()?.detail.find((d) => d.kind === 'places')?.url
  if (!url || url === asked) return
  asked = url
  api.file(url).then(
    (file) => {
      detailed.value = fromFile(file)
    },
    () => {
      // The next look asks again.
      asked = ''
    },
  )
}
