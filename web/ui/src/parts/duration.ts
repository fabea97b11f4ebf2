import type { Words } from '../i18n/format.ts'

/** Lengths of time as rules and settings write them: "10m", "1h30m". Pure. */

const UNIT: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds; null for a text that is no length of time. */
export function fromDuration(text: string): number | null {
  const whole = text.trim()
  if (whole === '0') return 0
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(whole)) return null
  let sum = 0
  for (const [, n, unit] of whole.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) sum += Number(n) * (UNIT[unit ?? ''] ?? 0)
  return sum
}

/** The shortest text that a rule can hold, to the second. */
export function toDuration(ms: number): string {
  const s = Math.round(ms / 1000)
  const parts = [
    [Math.floor(s / 3600), 'h'],
    [Math.floor(s / 60) % 60, 'm'],
    [s % 60, 's'],
  ] as const
  return (
    parts
      .filter(([n]) => n > 0)
      .map(([n, unit]) => `${n}${unit}`)
      .join('') || '0s'
  )
}

/** "1 giờ 30 phút"; what is no length of time stands as it is. */
export function spanText(text: string, w: Words): string {
  const ms = fromDuration(text)
  if (ms === null) return text
  const s = Math.round(ms / 1000)
  const parts = [
    [Math.floor(s / 3600), 'span.hours'],
    [Math.floor(s / 60) % 60, 'span.minutes'],
    [s % 60, 'span.seconds'],
  ] as const
  const said = parts.filter(([n]) => n > 0).map(([n, key]) => w.t(key, { n }))
  return said.join(' ') || w.t('span.seconds', { n: 0 })
}
