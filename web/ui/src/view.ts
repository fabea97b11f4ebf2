import { type Point, STATES, type State } from './wire.ts'

/** What the map shows and how, as its address says it. Pure. */

export interface View {
  /** The states that are shown. */
  states: ReadonlySet<State>
  /** Ids and codes; "" is all. */
  park: string
  parameter: string
  kind: string
  /** Only what is wrong. */
  wrong: boolean
  heat: boolean
  /** The map goes where an alert opens. */
  follow: boolean
  at: At | null
}

export interface At {
  center: Point
  zoom: number
}

export type Query = Readonly<Record<string, string>>

export function viewOf(query: Query): View {
  const hidden = new Set((query.hide ?? '').split(','))
  return {
    states: new Set(STATES.filter((s) => !hidden.has(s))),
    park: query.park ?? '',
    parameter: query.parameter ?? '',
    kind: query.kind ?? '',
    wrong: query.wrong === '1',
    heat: query.heat === '1',
    follow: query.follow === '1',
    at: atOf(query.at ?? ''),
  }
}

/** The query of a view; what is as usual is "", which an address leaves out. */
export function queryOf(v: View): Query {
  return {
    hide: STATES.filter((s) => !v.states.has(s)).join(),
    park: v.park,
    parameter: v.parameter,
    kind: v.kind,
    wrong: v.wrong ? '1' : '',
    heat: v.heat ? '1' : '',
    follow: v.follow ? '1' : '',
    at: v.at ? written(v.at) : '',
  }
}

/** About a metre, and a hundredth of a zoom: what differs by less is the same place. */
export function written({ center: [lon, lat], zoom }: At): string {
  return `${round(lon, 5)},${round(lat, 5)},${round(zoom, 2)}`
}

const round = (n: number, decimals: number) => Number(n.toFixed(decimals))

function atOf(text: string): At | null {
  const [lon, lat, zoom, ...more] = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (lon === undefined || lat === undefined || zoom === undefined || more.length > 0) return null
  const real = Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 24
  return real ? { center: [lon, lat], zoom } : null
}

/** States in which a station asks for somebody: a calibration, a pause of the discharge and a mere tendency do not. */
const WRONG: ReadonlySet<State> = new Set(['exceed', 'preparing', 'fault', 'offline'])

interface Judged {
  id: string
  state: State
  park: string
  kind: string
  parameters: readonly string[]
}

/** Whether a station is shown. `alarmed` are the stations with an open alert: these are wrong whatever their state. */
export function passing(v: View, alarmed: ReadonlySet<string>): (s: Judged) => boolean {
  return (s) =>
    v.states.has(s.state) &&
    (!v.wrong || WRONG.has(s.state) || alarmed.has(s.id)) &&
    (v.park === '' || s.park === v.park) &&
    (v.kind === '' || s.kind === v.kind) &&
    (v.parameter === '' || s.parameters.includes(v.parameter))
}

/** How a station stands to its limits: to that of the chosen parameter, else to the one it is nearest to. */
export function indexFor(
  s: { index: number | null; latest: Readonly<Record<string, { ratio: number | null }>> },
  parameter: string,
): number | null {
  return parameter ? (s.latest[parameter]?.ratio ?? null) : s.index
}

/** How many filters narrow the view. */
export function narrowings(v: View): number {
  return [v.states.size < STATES.length, v.park, v.parameter, v.kind, v.wrong].filter(Boolean).length
}
