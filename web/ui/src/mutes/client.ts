import { all, ask, id, type Query, search } from '../http.ts'
import type { List, Mute, NewMute, Text } from '../wire.ts'

const PATH = { silence: 'api/v1/silences', maintenance: 'api/v1/maintenance' } as const

/** How many of those that are over are shown: the newest of each kind. */
const MOST_EXPIRED = 100

/** Every silence and maintenance window that holds or will, and the newest that are over. */
export async function listMutes(signal: AbortSignal): Promise<Mute[]> {
  const lists = Object.values(PATH).flatMap((path) => [
    all<Mute>(path, { state: 'active' }, signal),
    all<Mute>(path, { state: 'pending' }, signal),
    newest(path, { state: 'expired', limit: String(MOST_EXPIRED) }, signal),
  ])
  return (await Promise.all(lists)).flat()
}

async function newest(path: string, query: Query, signal: AbortSignal): Promise<Mute[]> {
  const list: List<Mute> = await ask(`${path}${search(query)}`, { signal })
  return list.items
}

/** The rules in force, for who names one. */
export function listRules(): Promise<{ id: string; name?: Text }[]> {
  return all('api/v1/rules')
}

export function createMute(kind: Mute['kind'], spec: NewMute): Promise<Mute> {
  return ask(PATH[kind], { method: 'POST', body: JSON.stringify(spec) })
}

export function endMute(m: Mute): Promise<void> {
  return ask(`${PATH[m.kind]}/${id(m.id)}`, { method: 'DELETE' })
}
