import { plain } from '../../i18n/format.ts'
import { FIGURES, type Figure, type FigureName, type Figures, type StationFigures } from '../../wire-quality.ts'

/** What can be said of figures without the page. Pure. */

/** How a figure stands: met, below its target, below its floor, or not known. */
export type Standing = 'met' | 'below' | 'floor' | 'unknown'

export function standing(name: FigureName, f: Figures): Standing {
  const { value, ok } = f[name]
  if (name === 'complete' && f.complete.parts.above_floor === false) return 'floor'
  if (value === null || ok === null) return 'unknown'
  return ok ? 'met' : 'below'
}

/** A share in per cent with at most one decimal, cut and not rounded: 99.96 % is not 100 %, and 79.97 % does not reach 80 %. */
export function percent(value: number): number {
  return Math.floor(Math.round(value * 1e7) / 1e4) / 10
}

export type Column = 'station' | 'todo' | FigureName

export interface Order {
  by: Column
  down: boolean
}

export interface Narrow {
  text: string
  park: string
  /** Only stations with something to do about this; "" = all. */
  code: string
  /** Only stations that miss a target. */
  missed: boolean
}

/** The stations that pass. */
export function narrow(
  all: readonly StationFigures[],
  by: Narrow,
  nameOf: (s: StationFigures) => string,
): StationFigures[] {
  const wanted = plain(by.text).split(/\s+/).filter(Boolean)
  return all.filter((s) => {
    if (by.park && s.park !== by.park) return false
    if (by.code && !s.todo.some((t) => t.code === by.code)) return false
    if (by.missed && missed(s) === 0) return false
    const hay = plain(`${s.station} ${nameOf(s)}`)
    return wanted.every((word) => hay.includes(word))
  })
}

/** How many targets are missed. */
export function missed(f: Figures): number {
  return FIGURES.filter((name) => ['below', 'floor'].includes(standing(name, f))).length
}

/** Stations in an order; where there is no value they come last, whichever way it goes. */
export function order(all: readonly StationFigures[], { by, down }: Order): StationFigures[] {
  const sign = down ? -1 : 1
  return [...all].sort((a, b) => compare(a, b, by, sign) || a.station.localeCompare(b.station))
}

function compare(a: StationFigures, b: StationFigures, by: Column, sign: number): number {
  if (by === 'station') return sign * a.station.localeCompare(b.station)
  if (by === 'todo') return -sign * (missed(a) - missed(b)) || lowest(a) - lowest(b)
  const [x, y] = [a[by].value, b[by].value]
  if (x === null || y === null) return Number(x === null) - Number(y === null)
  return sign * (x - y)
}

/** Of two stations that miss as many targets the one with less data is the worse. */
function lowest(s: StationFigures): number {
  return s.complete.value ?? 1
}

/** How much of the share of a bar lies to the left of a mark; the bar begins at 0. */
export function width(f: Figure<unknown>): number {
  return Math.min(100, Math.max(0, (f.value ?? 0) * 100))
}
