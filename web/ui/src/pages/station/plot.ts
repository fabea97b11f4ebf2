import { effect } from '@preact/signals'
import uPlot from 'uplot'
import { type Words, ZONE } from '../../i18n/format.ts'
import { DAY, dayBegin } from '../../parts/zone.ts'
import { printing } from '../../print.ts'
import { theme } from '../../state.ts'
import { boundsOf, type Held } from './limits.ts'
import { columnsOf, type Value } from './line.ts'
import type { Band, Point } from './marks.ts'
import { paintBands, paintBeyond, paintLimits, paintPoints } from './paint.ts'
import { type Palette, paletteOf } from './palette.ts'

/** The chart of a station's page in uPlot: one main line with its spread, means over it, other lines beside it. */

export interface Beside {
  line: readonly Value[]
  step: number
  scale: 'y' | 'y2'
  color: keyof Palette
  /** Lengths of strokes and gaps, so that lines are told apart without colour. */
  dash: number[]
  /** A mean holds for its whole window. */
  stepped: boolean
}

export interface Model {
  from: number
  to: number
  step: number
  line: readonly Value[]
  beside: readonly Beside[]
  held: readonly Held[]
  bands: readonly Band[]
  points: readonly Point[]
  words: Words
  height: number
}

export interface Listener {
  /** A span that was drawn out with the pointer, ms. */
  onSelect: (from: number, to: number) => void
  /** The time under the pointer, ms. */
  onPoint: (at: number | null) => void
}

export interface Plot {
  /** Puts the cursor at a time, and marks a span; null takes them away. */
  point: (at: number | null, since: number | null) => void
  canvas: () => HTMLCanvasElement
  remove: () => void
}

const FONT = '11px "Be Vietnam Pro", system-ui, sans-serif'
/** A pull of fewer pixels than this was a press. */
const LEAST_PULL = 8

export function drawPlot(box: HTMLElement, m: Model, on: Listener): Plot {
  let palette = paletteOf(box)
  const plot = new uPlot(
    options(box, m, on, () => palette),
    dataOf(m),
    box,
  )
  const size = () => plot.setSize({ width: box.clientWidth, height: m.height })
  const watch = new ResizeObserver(size)
  watch.observe(box)
  // At once and not with the next render: a page that is about to be printed turns light in this moment.
  const stop = effect(() => {
    void theme.value
    void printing.value
    palette = paletteOf(box)
    plot.redraw(false, true)
  })
  return {
    point: (at, since) => point(plot, at, since),
    canvas: () => plot.ctx.canvas,
    remove: () => {
      stop()
      watch.disconnect()
      plot.destroy()
    },
  }
}

function dataOf(m: Model): uPlot.AlignedData {
  const tables = [columnsOf(m.line, m.step), ...m.beside.map((b) => besideColumns(b, m.to))]
  return uPlot.join(tables as uPlot.AlignedData[])
}

/** A mean goes on to the end of its window, the last one as well. */
function besideColumns(b: Beside, end: number): [number[], (number | null)[]] {
  const [times, values] = columnsOf(b.line, b.step)
  const last = b.line.at(-1)
  if (b.stepped && last) {
    times.push(Math.min(last.time + b.step, end) / 1000)
    values.push(last.value)
  }
  return [times, values]
}

function options(box: HTMLElement, m: Model, on: Listener, colors: () => Palette): uPlot.Options {
  const paint = (act: (u: uPlot, m: Model, p: Palette) => void) => (u: uPlot) => act(u, m, colors())
  const bounds = boundsOf(m.held)
  return {
    width: box.clientWidth,
    height: m.height,
    padding: [14, m.beside.some((b) => b.scale === 'y2') ? 4 : 16, 0, 0],
    legend: { show: false },
    // Ticks stand at the midnights of where the stations are.
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), ZONE),
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: true, range: [m.from / 1000, m.to / 1000] },
      y: { range: (_u, min, max) => reach(min, max, bounds) },
      y2: { range: (_u, min, max) => reach(min, max, []) },
    },
    axes: axesOf(m, colors),
    bands: [{ series: [3, 2], fill: () => translucent(colors().accent) }],
    series: seriesOf(m, colors),
    hooks: {
      drawClear: [paint(paintBands)],
      draw: [paint(paintLimits), paint(paintBeyond), paint(paintPoints)],
      setCursor: [(u) => on.onPoint(timeAt(u))],
      setSelect: [(u) => select(u, on)],
    },
  }
}

function seriesOf(m: Model, colors: () => Palette): uPlot.Series[] {
  const edge: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } }
  const alone = m.line.length === 1
  const main: uPlot.Series = { stroke: () => colors().accent, width: 1.6, points: { show: alone } }
  const stairs = uPlot.paths.stepped?.({ align: 1 })
  const beside = m.beside.map((b): uPlot.Series => {
    const s: uPlot.Series = {
      scale: b.scale,
      stroke: () => colors()[b.color],
      width: b.stepped ? 2.2 : 1.5,
      dash: b.dash,
      points: { show: false },
    }
    return b.stepped && stairs ? { ...s, paths: stairs } : s
  })
  return [{}, main, edge, edge, ...beside]
}

function axesOf(m: Model, colors: () => Palette): uPlot.Axis[] {
  const grid = { stroke: () => colors().line, width: 1 }
  const axis: uPlot.Axis = { stroke: () => colors().soft, font: FONT, grid, ticks: { ...grid, size: 4 } }
  const numbers = (_u: uPlot, ticks: number[]) => ticks.map((t) => m.words.number(t, 3))
  const long = m.to - m.from
  const text = (t: number) => {
    if (long > 120 * DAY) return m.words.month(t)
    return long > 8 * DAY || isMidnight(t) ? m.words.day(t) : m.words.time(t)
  }
  return [
    {
      ...axis,
      size: 26,
      space: 60,
      values: (_u, ticks) => ticks.map((t) => text(t * 1000)),
    },
    { ...axis, size: 50, values: numbers },
    {
      ...axis,
      scale: 'y2',
      side: 1,
      size: 50,
      values: numbers,
      grid: { show: false },
      show: m.beside.some((b) => b.scale === 'y2'),
    },
  ]
}

function isMidnight(at: number): boolean {
  return dayBegin(at) === at
}

/** The limits are always in view: a chart that cuts them off would look calm. */
function reach(min: number | null, max: number | null, bounds: readonly number[]): [number, number] {
  const all = [min, max, ...bounds].filter((v): v is number => v !== null && Number.isFinite(v))
  const low = Math.min(...all)
  const high = Math.max(...all)
  if (all.length === 0) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * 0.08
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room]
}

/** The page's colours are six hexadecimal digits; two more are how much of them shows. */
function translucent(color: string): string {
  return `${color}2e`
}

function timeAt(u: uPlot): number | null {
  const i = u.cursor.idx
  const at = typeof i === 'number' ? u.data[0][i] : undefined
  return at === undefined ? null : at * 1000
}

function select(u: uPlot, on: Listener): void {
  const { left, width } = u.select
  if (width < LEAST_PULL) return
  const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')]
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
  on.onSelect(from * 1000, to * 1000)
}

function point(u: uPlot, at: number | null, since: number | null): void {
  const left = at === null ? -10 : u.valToPos(at / 1000, 'x')
  u.setCursor({ left, top: at === null ? -10 : 10 })
  const from = since === null ? left : u.valToPos(since / 1000, 'x')
  const height = u.over.clientHeight
  u.setSelect({ left: Math.min(left, from), width: Math.abs(left - from), top: 0, height }, false)
}
