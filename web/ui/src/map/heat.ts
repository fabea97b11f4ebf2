import type { Map as MapLibre } from 'maplibre-gl'
import type { Layer } from './layer.ts'
import type { Palette } from './palette.ts'
import { SOURCE } from './stations.ts'

const ID = 'heat'

/**
 * A surface of how near to their limits the shown stations are, weighted by index. It reads the state of the stations' features, so
 * it costs nothing while it is off and no new tiles while it is on. It is a picture of density, not of concentration between stations.
 */
export class HeatLayer implements Layer<{ on: boolean }> {
  add(map: MapLibre, p: Palette): void {
    map.addLayer(
      {
        id: ID,
        type: 'heatmap',
        source: SOURCE,
        layout: { visibility: 'none' },
        paint: {
          'heatmap-weight': [
            'case',
            ['boolean', ['feature-state', 'passes'], false],
            ['interpolate', ['linear'], ['coalesce', ['feature-state', 'size'], 0], 0.3, 0, 0.7, 0.4, 1, 0.7, 3, 1],
            0,
          ],
          'heatmap-radius': ['interpolate', ['exponential', 1.6], ['zoom'], 7, 34, 12, 150],
          'heatmap-intensity': 1,
          'heatmap-opacity': 0.7,
          'heatmap-color': [
            'interpolate',
            ['linear'],
            ['heatmap-density'],
            0,
            'rgba(0,0,0,0)',
            ...p.heat.flatMap((color, i) => [0.15 + (i * 0.85) / (p.heat.length - 1), color]),
          ],
        },
      },
      'station-size',
    )
  }

  update(map: MapLibre, { on }: { on: boolean }): void {
    if (map.getLayer(ID)) map.setLayoutProperty(ID, 'visibility', on ? 'visible' : 'none')
  }

  remove(map: MapLibre): void {
    if (map.getLayer(ID)) map.removeLayer(ID)
  }
}
