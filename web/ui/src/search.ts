import type { Named } from './gazetteer.ts'
import { plain } from './i18n/format.ts'
import type { Parameter, Park, Station, Text } from './wire.ts'

/** What a search finds. Pure. */
export interface Hit {
  kind: 'station' | 'park' | 'parameter' | 'place'
  id: string
  name: Text
}

/** What is searched. */
export interface Haystack {
  stations: Iterable<Station>
  parks: Iterable<Park>
  parameters: Iterable<Parameter>
  places: Iterable<Named>
}

const MOST = 12
/** Of one kind at most, so that the stations of a park do not push the place of the same name away. */
const MOST_OF_A_KIND = 4

/** Finds what has all the words of the query in its names, in any order, with or without marks, in either language. */
export function find(query: string, hay: Haystack): Hit[] {
  const wanted = plain(query).split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return []
  const of = <T extends { name: Text }>(kind: Hit['kind'], items: Iterable<T>, id: (item: T) => string): Hit[] => {
    const hits: Hit[] = []
    for (const item of items) {
      if (hits.length === MOST_OF_A_KIND) break
      const text = plain(`${item.name.vi} ${item.name.en} ${id(item)}`)
      if (wanted.every((word) => text.includes(word))) hits.push({ kind, id: id(item), name: item.name })
    }
    return hits
  }
  return [
    ...of('parameter', hay.parameters, (p) => p.code),
    ...of('park', hay.parks, (p) => p.id),
    ...of('station', hay.stations, (s) => s.id),
    ...of('place', hay.places, (p) => p.id),
  ].slice(0, MOST)
}
