/** The colours of a chart, as the page's own custom properties have them. */

const NAMES = [
  'surface',
  'ink',
  'soft',
  'line',
  'accent',
  'over',
  'calibrating',
  'fault',
  'mean-1h',
  'mean-24h',
  'beside-1',
  'beside-2',
  'beside-3',
] as const

export type Palette = Record<(typeof NAMES)[number], string>

export function paletteOf(element: Element): Palette {
  const css = getComputedStyle(element)
  const read = (name: string) => css.getPropertyValue(`--${name}`).trim()
  return Object.fromEntries(NAMES.map((n) => [n, read(n)])) as Palette
}
