import { plain } from './i18n/format.ts'
import type { Park, Station, Text } from './wire.ts'

/** What a search finds. Pure. */
export interface Hit {
  kind: 'station' | 'park'
  id: string
  name: Text
}

const MOST = 8

/** Finds stations and parks all of whose words the query names, in any order, with or without marks, in either language. */
export function find(query: string, stations: Iterable<Station>, parks: Iterable<Park>): Hit[] {
  const wanted = plain(query).split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return []
  const hits: Hit[] = []
  const take = (kind: Hit['kind'], items: Iterable<Station | Park>) => {
    for (const { id, name } of items) {
      const hay = plain(`${name.vi} ${name.en} ${id}`)
      if (wanted.every((word) => hay.includes(word))) hits.push({ kind, id, name })
    }
  }
  take('park', parks)
  take('station', stations)
  return hits.slice(0, MOST)
}
