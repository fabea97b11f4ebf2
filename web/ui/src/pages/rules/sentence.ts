import type { Words } from '../../i18n/format.ts'
import { shortName } from '../../panels/figures.ts'
import { fromDuration, spanText } from '../../parts/duration.ts'
import { type Parameter, SEVERITIES, type Severity, type Text } from '../../wire.ts'
import type { Bounds, Level, On, Rule } from '../../wire-rules.ts'

/** A rule in plain sentences: an officer who reads no YAML knows what it does. Pure. */

export interface Names {
  parks: ReadonlyMap<string, { name: Text }>
  stations: ReadonlyMap<string, { name: Text }>
  parameters: ReadonlyMap<string, Parameter>
}

/** How many names stand in a sentence; of the rest it gives the number. */
const MOST = 4

/** What the kinds with one severity open on. */
const ONE_SEVERITY: ReadonlySet<On> = new Set(['flatline', 'status', 'unusable', 'silence', 'expression'])

export function hasLevels(on: On): boolean {
  return !ONE_SEVERITY.has(on)
}

/** The sentences, in the order in which things happen. */
export function sentences(r: Rule, names: Names, w: Words): string[] {
  const out = [
    r.enabled === false ? w.t('rule.says_rests') : '',
    hasLevels(r.on) ? opensByLevel(r, names, w) : opensByState(r, names, w),
    immediate(r, w),
    enough(r, w),
    ends(r, w),
  ]
  return out.filter(Boolean)
}

export function sentence(r: Rule, names: Names, w: Words): string {
  return sentences(r, names, w).join(' ')
}

function opensByLevel(r: Rule, names: Names, w: Words): string {
  const figure = w.t(`rule.figure_${r.on as 'value'}`, {
    what: whatText(r, names, w),
    window: spanText(r.window ?? '', w),
    horizon: spanText(r.horizon ?? '', w),
    days: r.days ?? 7,
  })
  // The lowest first: that is where an alert opens, the others raise it.
  const levels = SEVERITIES.toReversed().flatMap((s) => {
    const level = r.levels?.[s]
    return level === undefined ? [] : [{ severity: s, text: levelText(level, unitOf(r, names), w) }]
  })
  const [first, ...higher] = levels
  if (!first) return w.t('rule.says_no_level', { figure, where: whereText(r, names, w) })
  const opening = w.t('rule.says_level', {
    figure,
    where: whereText(r, names, w),
    level: first.text,
    lasting: lasting(r, w),
    severity: w.t(`severity.${first.severity}`),
  })
  const more = higher.map((l) => w.t('rule.says_higher', { level: l.text, severity: w.t(`severity.${l.severity}`) }))
  return `${[opening, ...more].join('; ')}.`
}

function opensByState(r: Rule, names: Names, w: Words): string {
  const values = {
    what: whatText(r, names, w),
    where: whereText(r, names, w),
    severity: w.t(`severity.${r.severity ?? 'warning'}`),
    lasting: lasting(r, w),
    after: spanText(r.after ?? '', w),
  }
  switch (r.on) {
    case 'flatline':
      return r.records
        ? w.t('rule.says_flatline', { ...values, n: r.records })
        : w.t('rule.says_flatline_catalogue', values)
    case 'status': {
      const statuses = (r.statuses ?? ['calibrating', 'fault']).map((s) => w.named('status', s))
      const often = r.times ? w.t('rule.says_often', { n: r.times }) : ''
      return w.t('rule.says_status', { ...values, often, statuses: joined(statuses, w) })
    }
    case 'unusable':
      return w.t('rule.says_unusable', values)
    case 'silence':
      return w.t((r.parameters ?? []).length > 0 ? 'rule.says_silence_parameter' : 'rule.says_silence', values)
    default:
      return w.t('rule.says_expression', { ...values, when: r.when ?? '' })
  }
}

function lasting(r: Rule, w: Words): string {
  return isSpan(r.for) ? w.t('rule.lasting', { span: spanText(r.for, w) }) : ''
}

function immediate(r: Rule, w: Words): string {
  if (r.immediate === undefined || !isSpan(r.for)) return ''
  const absolute = Object.values(r.levels ?? {}).some((l) => typeof l !== 'number')
  const level = absolute ? w.t('rule.of_level', { n: w.number(r.immediate, 2) }) : multiple(r.immediate, w)
  return w.t('rule.says_immediate', { level, span: spanText(r.for, w) })
}

/** A mean of too few values is no mean. */
function enough(r: Rule, w: Words): string {
  return r.min_share === undefined ? '' : w.t('rule.says_share', { share: percent(r.min_share, w) })
}

function ends(r: Rule, w: Words): string {
  const span = isSpan(r.keep_open) ? w.t('rule.and_stays', { span: spanText(r.keep_open, w) }) : ''
  switch (r.on) {
    case 'silence':
      return w.t('rule.ends_silence', { span })
    case 'flatline':
      return w.t('rule.ends_flatline', { span })
    case 'status':
      return w.t('rule.ends_status', { span })
    case 'unusable':
      return w.t('rule.ends_unusable', { span })
    case 'expression':
      return w.t('rule.ends_expression', { span })
    default:
      return w.t('rule.ends_level', { clear: percent(r.clear ?? 0.95, w), span })
  }
}

function isSpan(text: string | undefined): text is string {
  return text !== undefined && fromDuration(text) !== 0
}

function levelText(level: Level, unit: string, w: Words): string {
  return typeof level === 'number' ? multiple(level, w) : boundsText(level, unit, w)
}

function multiple(n: number, w: Words): string {
  if (n === 1) return w.t('rule.the_limit')
  return n < 1 ? w.t('rule.share_of_limit', { share: percent(n, w) }) : w.t('rule.times_limit', { n: w.number(n, 3) })
}

function boundsText({ above, below }: Bounds, unit: string, w: Words): string {
  const figure = (n: number) => `${w.number(n, 6)}${unit && ` ${unit}`}`
  const up = above === undefined ? '' : w.t('rule.or_more', { n: figure(above) })
  const down = below === undefined ? '' : w.t('rule.or_less', { n: figure(below) })
  return up && down ? w.t('rule.either', { one: down, other: up }) : up || down
}

/** The unit that bounds are in, where all that the rule watches has the same. */
function unitOf(r: Rule, names: Names): string {
  if (r.on === 'load') return 'kg/d'
  if (r.on === 'anomaly') return 'σ'
  const units = new Set((r.parameters ?? []).map((p) => names.parameters.get(p)?.unit ?? ''))
  const [unit = ''] = units
  if (units.size !== 1 || unit === '' || unit === '1') return ''
  return r.on === 'rate' ? `${unit}/h` : unit
}

function percent(share: number, w: Words): string {
  // A line never ends between the figure and its sign.
  return `${w.number(share * 100, 1)}\u00a0%`
}

/** What the rule watches. */
export function whatText(r: Rule, names: Names, w: Words): string {
  const short = (codes: readonly string[]) =>
    joined(
      codes.map((c) => shortName(c, names.parameters, w)),
      w,
    )
  const only = r.parameters ?? []
  if (only.length > 0) return short(only)
  const except = r.except ?? []
  return except.length > 0 ? w.t('rule.every_parameter_but', { except: short(except) }) : w.t('rule.every_parameter')
}

/** Where the rule watches. */
export function whereText(r: Rule, names: Names, w: Words): string {
  const name = (of: ReadonlyMap<string, { name: Text }>) => (id: string) => w.text(of.get(id)?.name) || id
  const kinds = joined(
    (r.kinds ?? []).map((k) => w.named('rule.kind', k)),
    w,
  )
  const stations = joined((r.stations ?? []).map(name(names.stations)), w)
  const parks = joined((r.parks ?? []).map(name(names.parks)), w)
  const which = stations
    ? w.t('rule.at_stations', { stations })
    : kinds
      ? w.t('rule.at_kinds', { kinds })
      : w.t('rule.at_all')
  return parks ? w.t('rule.in_parks', { which, parks }) : which
}

function joined(names: readonly string[], w: Words): string {
  if (names.length <= MOST) return names.join(', ')
  return w.t('mute.and_more', { names: names.slice(0, MOST - 1).join(', '), n: names.length - MOST + 1 })
}

/** The severities that a rule can raise, worst first. */
export function severitiesOf(r: Rule): Severity[] {
  if (!hasLevels(r.on)) return [r.severity ?? 'warning']
  return SEVERITIES.filter((s) => r.levels?.[s] !== undefined)
}
