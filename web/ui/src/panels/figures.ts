import type { Words } from '../i18n/format.ts'
import type { Alert, Latest, Parameter } from '../wire.ts'

/** How figures are written in lists and panels. Pure. */

const DECIMALS = 2

/** How a parameter is called where there is little room; a lone letter such as T would be a riddle. */
export function shortName(code: string, parameters: ReadonlyMap<string, Parameter>, w: Words): string {
  const p = parameters.get(code)
  if (!p) return code
  return p.symbol.length > 1 ? p.symbol : w.text(p.name)
}

export function decimalsOf(code: string | null, parameters: ReadonlyMap<string, Parameter>): number {
  return (code ? parameters.get(code)?.decimals : undefined) ?? DECIMALS
}

export function withUnit(figure: string, unit: string | null): string {
  return unit ? `${figure} ${unit}` : figure
}

/** A bound as it is written in the regulation: rounding would show another law. */
export function bound(value: number, w: Words): string {
  return w.number(value, 6)
}

/** "6–9" for a band, "≤ 60,8" for an upper bound, "≥ 4" for a lower one; null without a limit. */
export function limitText(l: Pick<Latest, 'limit' | 'limit_min' | 'limit_max'>, w: Words): string | null {
  if (l.limit_min !== null && l.limit_max !== null) return `${bound(l.limit_min, w)}–${bound(l.limit_max, w)}`
  if (l.limit_max !== null) return `≤ ${bound(l.limit_max, w)}`
  if (l.limit_min !== null) return `≥ ${bound(l.limit_min, w)}`
  return l.limit === null ? null : bound(l.limit, w)
}

/** What kind of statement an alert makes. One 5-minute value is an operational warning whatever its height. */
export function basisText(a: Alert, w: Words): string {
  return a.basis === 'value' ? w.t('alert.operational') : w.named('alert', a.basis)
}

/** "1,35 lần giới hạn" from the limit on, "84 % giới hạn" below it; "" where there is no ratio. */
export function ratioText(a: Alert, w: Words): string {
  if (a.ratio === null) return ''
  if (a.ratio >= 1) return w.t('alert.times', { ratio: w.ratio(a.ratio) })
  // Rounded down: 99.6 % is not yet the limit.
  return w.t('alert.percent', { ratio: Math.floor(a.ratio * 100) })
}
