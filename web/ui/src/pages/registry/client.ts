import { all, ask, askTagged, id, request, type Tagged } from '../../http.ts'
import type { ImportReport, ParkRecord, PlaceKind, RegistryEdit, StationRecord } from '../../wire-registry.ts'
import type { LimitSet } from '../../wire-rules.ts'

export type Record = StationRecord | ParkRecord

const path = (kind: PlaceKind, place: string) => `api/v1/${kind}s/${id(place)}`

export const registry = {
  get: (kind: PlaceKind, place: string, signal: AbortSignal): Promise<Tagged<Record>> =>
    askTagged<Record>(path(kind, place), { signal }),
  /** Without a tag it must be new. */
  put: (kind: PlaceKind, place: string, body: object, tag: string): Promise<Tagged<Record>> =>
    askTagged<Record>(path(kind, place), {
      method: 'PUT',
      body: JSON.stringify(body),
      ...(tag ? { onlyTag: tag } : { onlyNew: true }),
    }),
  remove: (kind: PlaceKind, place: string, tag: string) =>
    ask<void>(path(kind, place), { method: 'DELETE', onlyTag: tag }),
  edits: (signal: AbortSignal) => all<RegistryEdit>('api/v1/registry/edits', {}, signal),
  revert: (e: RegistryEdit) => ask<void>(`api/v1/registry/edits/${e.kind}/${id(e.id)}`, { method: 'DELETE' }),
  rivers: (signal: AbortSignal) =>
    ask<{ features: { properties: { id: string; name: { vi: string; en: string } } }[] }>('api/v1/rivers', { signal }),
  limits: (signal: AbortSignal) => all<LimitSet>('api/v1/limits', {}, signal),
  /** Says what a file would change; with `store` it changes it. */
  weigh: (file: File, what: string, store: boolean) =>
    ask<ImportReport>(`api/v1/registry/${store ? 'import' : 'preview'}?kind=${what}`, {
      method: 'POST',
      body: file,
      type: typeOf(file),
    }),
  file: async () => (await request('api/v1/registry.geojson', { accept: 'application/geo+json' })).blob(),
}

/** By the name: browsers give a file from a spreadsheet all sorts of types. */
export function typeOf(file: { name: string }): string {
  return /\.(csv|tsv|txt)$/i.test(file.name) ? 'text/csv' : 'application/geo+json'
}
