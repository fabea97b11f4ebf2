import type { State } from './wire.ts'

/**
 * One shape and one colour for each state, drawn in a box of 24 by 24 with the centre at 12,12. The legend, the lists and the
 * map all draw these, so a sign means the same everywhere. Fills are those that the national system uses; no shape is used
 * twice, so that the sign also reads in grey.
 */
export interface Shape {
  /** SVG path of the filled outline. */
  body: string
  fill: string
  /** SVG path of the mark inside, stroked. */
  mark: string
  ink: string
}

const DARK = '#12201d'
const LIGHT = '#ffffff'

export const SHAPES: Record<State, Shape> = {
  good: { body: circle(7), fill: '#1dce6c', mark: '', ink: DARK },
  tendency: { body: 'M12 3.5 20.5 12 12 20.5 3.5 12Z', fill: '#F1D748', mark: 'M9 12h6', ink: DARK },
  preparing: { body: 'M12 3 21.5 20H2.5Z', fill: '#F08432', mark: 'M12 9.5v4.6M12 16.6v1.1', ink: DARK },
  exceed: {
    body: 'M8 2h8l6 6v8l-6 6H8l-6-6V8Z',
    fill: '#EA3223',
    mark: 'M12 6.6v6.6M12 16.4v1.3',
    ink: LIGHT,
  },
  offline: { body: circle(7.5), fill: '#999999', mark: 'M7.6 7.6l8.8 8.8', ink: DARK },
  calibrating: { body: 'M5 5h14v14H5Z', fill: '#9b6fd6', mark: 'M8.5 12h7M12 8.5v7', ink: DARK },
  fault: {
    body: 'M7.5 3.5 12 8l4.5-4.5 4 4L16 12l4.5 4.5-4 4L12 16l-4.5 4.5-4-4L8 12 3.5 7.5Z',
    fill: '#ff7e00',
    mark: '',
    ink: DARK,
  },
  no_discharge: {
    body: 'M12 2.5c3.6 4.6 6 7.6 6 11a6 6 0 0 1-12 0c0-3.4 2.4-6.4 6-11Z',
    fill: '#b8d4e3',
    mark: 'M9 14h6',
    ink: DARK,
  },
}

function circle(r: number): string {
  return `M${12 - r} 12a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`
}
