import type { Words } from '../i18n/format.ts'
import { shortName } from '../panels/figures.ts'
import type { Matcher, Parameter, Text } from '../wire.ts'

/** A silence as a plain sentence: who writes one reads it before it holds. Pure. */

export interface Names {
  parks: ReadonlyMap<string, { name: Text }>
  stations: ReadonlyMap<string, { name: Text }>
  parameters: ReadonlyMap<string, Parameter>
  rules: ReadonlyMap<string, Text>
}

/** How many names stand in the sentence; of the rest it gives the number. */
const MOST = 3

export interface When {
  /** ms; null = now. */
  from: number | null
  to: number | null
}

export function sentence(m: Matcher, when: When, names: Names, w: Words): string {
  return w.t('mute.sentence', {
    what: whatText(m, names, w),
    where: whereText(m, names, w),
    under: underText(m, names, w),
    from: when.from === null ? w.t('mute.from_now') : w.t('mute.from', { when: w.date(when.from) }),
    to: when.to === null ? '…' : w.date(when.to),
  })
}

/** The same without the times, for a list that shows them beside it. */
export function scopeText(m: Matcher, names: Names, w: Words): string {
  return w.t('mute.scope', {
    what: whatText(m, names, w),
    where: whereText(m, names, w),
    under: underText(m, names, w),
  })
}

function whatText(m: Matcher, names: Names, w: Words): string {
  const codes = m.parameters ?? []
  if (codes.length === 0) return w.t('mute.all_parameters')
  return some(
    codes.map((c) => shortName(c, names.parameters, w)),
    w,
  )
}

function whereText(m: Matcher, names: Names, w: Words): string {
  const name = (of: ReadonlyMap<string, { name: Text }>) => (id: string) => w.text(of.get(id)?.name) || id
  const stations = some((m.stations ?? []).map(name(names.stations)), w)
  const parks = some((m.parks ?? []).map(name(names.parks)), w)
  if (stations && parks) return w.t('mute.stations_in', { stations, parks })
  if (stations) return w.t('mute.stations', { stations })
  return parks ? w.t('mute.parks', { parks }) : w.t('mute.all_stations')
}

/** Rules and grades narrow it further; "" without any. */
function underText(m: Matcher, names: Names, w: Words): string {
  const rules = some(
    (m.rules ?? []).map((id) => `“${w.text(names.rules.get(id)) || id}”`),
    w,
  )
  const grades = some(
    (m.severities ?? []).map((s) => w.t(`severity.${s}`)),
    w,
  )
  return (rules && w.t('mute.under', { rules })) + (grades && w.t('mute.graded', { grades }))
}

function some(names: readonly string[], w: Words): string {
  if (names.length <= MOST) return names.join(', ')
  return w.t('mute.and_more', { names: names.slice(0, MOST - 1).join(', '), n: names.length - MOST + 1 })
}
