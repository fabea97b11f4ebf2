import type { Words } from '../../i18n/format.ts'
import { shortName } from '../../panels/figures.ts'
import type { Parameter, Station } from '../../wire.ts'
import { keyOf, type Of, scalesOf } from './compare.ts'
import type { Held } from './limits.ts'
import type { Palette } from './palette.ts'
import type { Beside, Model } from './plot.ts'
import { OVERLAYS, type Overlay } from './span.ts'
import type { Drawn } from './state.ts'

/** From what was asked for to what is drawn, and what each line is called. Pure. */

export interface Names {
  words: Words
  parameters: ReadonlyMap<string, Parameter>
  stations: ReadonlyMap<string, Station>
}

export interface LineName {
  key: string
  text: string
  unit: string
  color: keyof Palette
  dash: number[]
  /** It has no scale to be read on, so it is not drawn. */
  left: boolean
}

const BESIDE: readonly { color: keyof Palette; dash: number[] }[] = [
  { color: 'beside-1', dash: [7, 3] },
  { color: 'beside-2', dash: [2, 3] },
  { color: 'beside-3', dash: [9, 3, 2, 3] },
]
const OVER: Record<Overlay, { color: keyof Palette; dash: number[] }> = {
  '1h': { color: 'mean-1h', dash: [] },
  '24h': { color: 'mean-24h', dash: [] },
}

export function unitOf(of: Of, names: Names): string {
  return names.parameters.get(of.parameter)?.unit ?? ''
}

/** Every line with its name, the main one first. */
export function namesOf(d: Drawn, names: Names): LineName[] {
  const { words: w, parameters, stations } = names
  const parameterName = shortName(d.of.parameter, parameters, w)
  const unit = unitOf(d.of, names)
  const scales = scalesOf([unit, ...d.compared.map((c) => unitOf(c.of, names))])
  const main: LineName = { key: 'main', text: parameterName, unit, color: 'accent', dash: [], left: false }
  const over = d.overlays.map(
    (o): LineName => ({ key: o.name, text: w.t(`station.mean_${o.name}`), unit, ...OVER[o.name], left: false }),
  )
  const beside = d.compared.map(({ of }, i): LineName => {
    const other = of.station !== d.of.station
    const text = other ? w.text(stations.get(of.station)?.name) || of.station : shortName(of.parameter, parameters, w)
    const style = BESIDE[i] ?? { color: 'soft', dash: [1, 3] }
    return { key: keyOf(of), text, unit: unitOf(of, names), ...style, left: scales[i + 1] === null }
  })
  return [main, ...over, ...beside]
}

export function modelOf(d: Drawn, held: readonly Held[], names: Names, height: number): Model {
  const units = [unitOf(d.of, names), ...d.compared.map((c) => unitOf(c.of, names))]
  const scales = scalesOf(units)
  const over = d.overlays.map(
    (o): Beside => ({ line: o.line, step: OVERLAYS[o.name], scale: 'y', stepped: true, ...OVER[o.name] }),
  )
  const beside = d.compared.flatMap(({ line }, i): Beside[] => {
    const scale = scales[i + 1]
    const style = BESIDE[i]
    return scale && style ? [{ line, step: d.step.ms, scale, stepped: false, ...style }] : []
  })
  return {
    from: d.span.from,
    to: d.span.to,
    step: d.step.ms,
    line: d.line,
    beside: [...over, ...beside],
    held,
    bands: d.bands,
    points: d.points,
    words: names.words,
    height,
  }
}
