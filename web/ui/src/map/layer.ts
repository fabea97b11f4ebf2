import type { Map as MapLibre } from 'maplibre-gl'
import type { Palette } from './palette.ts'

/** One kind of thing on the map. A change of theme removes and adds every layer; update gets only what changed. */
export interface Layer<T> {
  add(map: MapLibre, palette: Palette): void
  update(map: MapLibre, data: T): void
  remove(map: MapLibre): void
}

export function removeAll(map: MapLibre, layers: readonly string[], source: string): void {
  for (const id of layers) if (map.getLayer(id)) map.removeLayer(id)
  if (map.getSource(source)) map.removeSource(source)
}
