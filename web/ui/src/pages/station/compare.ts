/** What is laid beside the line of a chart: other parameters of the station, or the same one of other stations. Pure. */

export interface Of {
  station: string
  parameter: string
}

/** More lines than this are told apart by nobody. */
export const MOST_COMPARED = 3

/** "p.tss" is another parameter, "s.amata-02" another station; the address holds some of them with commas between. */
export function comparedOf(text: string, main: Of): Of[] {
  const out: Of[] = []
  for (const token of text.split(',')) {
    const [kind, name] = [token.slice(0, 2), token.slice(2)]
    if (name === '') continue
    if (kind === 'p.' && name !== main.parameter) out.push({ station: main.station, parameter: name })
    if (kind === 's.' && name !== main.station) out.push({ station: name, parameter: main.parameter })
  }
  const known = new Map(out.map((o) => [keyOf(o), o]))
  return [...known.values()].slice(0, MOST_COMPARED)
}

export function textOf(compared: readonly Of[], main: Of): string {
  return compared.map((o) => (o.station === main.station ? `p.${o.parameter}` : `s.${o.station}`)).join(',')
}

export function keyOf(o: Of): string {
  return `${o.station}/${o.parameter}`
}

/** Which scale each unit is read on: the first one's on the left, one other's on the right. A third unit has none. */
export function scalesOf(units: readonly string[]): ('y' | 'y2' | null)[] {
  const [left] = units
  const right = units.find((u) => u !== left)
  return units.map((u) => (u === left ? 'y' : u === right ? 'y2' : null))
}
