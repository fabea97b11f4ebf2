import type { Words } from '../../i18n/format.ts'
import type { Text } from '../../wire.ts'
import type { NoticeFilter } from '../../wire-notices.ts'

/** What a recipient gets, in a few words. Pure. */

export interface Names {
  parks: ReadonlyMap<string, { name: Text }>
  stations: ReadonlyMap<string, { name: Text }>
}

const MOST = 3

export function getsText(r: { events: string[]; filter: NoticeFilter }, names: Names, w: Words): string {
  const events =
    r.events.length === 0
      ? w.t('gets.usual')
      : w.t('gets.events', {
          events: some(
            r.events.map((e) => w.named('event', e)),
            w,
          ),
        })
  const { parks, stations, severities, late } = r.filter
  const name = (of: ReadonlyMap<string, { name: Text }>) => (id: string) => w.text(of.get(id)?.name) || id
  const where = [...stations.map(name(names.stations)), ...parks.map(name(names.parks))]
  const grades = severities.map((s) => w.t(`severity.${s}`))
  const parts = [
    events,
    where.length > 0 ? some(where, w) : w.t('gets.everywhere'),
    grades.length > 0 ? w.t('gets.severities', { severities: grades.join(', ') }) : '',
    late ? w.t('gets.late') : '',
  ]
  return parts.filter(Boolean).join(' · ')
}

function some(names: readonly string[], w: Words): string {
  if (names.length <= MOST) return names.join(', ')
  return w.t('mute.and_more', { names: names.slice(0, MOST - 1).join(', '), n: names.length - MOST + 1 })
}
