import { effect } from '@preact/signals'
import uPlot from 'uplot'
import type { Words } from '../i18n/format.ts'
import { printing } from '../print.ts'
import { bound } from './figures.ts'
import { drawBand, drawMarks, type Mark } from './plot-marks.ts'

/** A small chart of one line in uPlot; the page of a station has a larger one. Colours come from the page's own custom properties. */

type Columns = [number[], (number | null)[]]

export interface Plot {
  update: (data: Columns) => void
  remove: () => void
}

export interface PlotOptions {
  limits: number[]
  decimals: number
  words: Words
  /** A span that stands out, ms. */
  band?: readonly [number, number]
  marks?: readonly Mark[]
  /** The axis says days as well. */
  dates?: boolean
}

const HEIGHT = 190
const FONT = '11px "Be Vietnam Pro", system-ui, sans-serif'

export function drawPlot(box: HTMLElement, data: Columns, opt: PlotOptions): Plot {
  // It follows the page: the colours are those of the moment that draws.
  const css = getComputedStyle(box)
  const color = (name: string) => css.getPropertyValue(name).trim()
  const grid = { stroke: () => color('--line'), width: 1 }
  const axis = { stroke: () => color('--soft'), font: FONT, grid, ticks: { ...grid, size: 4 } }
  const plot = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT,
      padding: [opt.marks ? 16 : 10, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      scales: {
        x: { time: true },
        y: { range: (_u, min, max) => span(min, max, [...opt.limits, ...(opt.marks ?? []).map((m) => m.value)]) },
      },
      axes: [
        {
          ...axis,
          size: 26,
          space: opt.dates ? 92 : 56,
          values: (_u, ticks) => ticks.map((t) => tickText(t * 1000, opt)),
        },
        { ...axis, size: 46, values: (_u, ticks) => ticks.map((t) => opt.words.number(t, 2)) },
      ],
      series: [{}, { stroke: () => color('--accent'), width: 1.6, points: { show: false } }],
      hooks: {
        drawClear: [(u) => opt.band && drawBand(u, opt.band, color('--over'))],
        draw: [
          (u) => limitLines(u, opt, color('--over')),
          (u) => drawMarks(u, opt.marks ?? [], color('--ink'), color('--surface')),
        ],
        setCursor: [(u) => readout(u, box, opt)],
      },
    },
    data,
    box,
  )
  const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT }))
  watch.observe(box)
  // At once and not with the next render: a page that is about to be printed turns light in this moment.
  const stop = effect(() => {
    void printing.value
    plot.redraw(false, true)
  })
  return {
    update: (d) => plot.setData(d),
    remove: () => {
      stop()
      watch.disconnect()
      plot.destroy()
    },
  }
}

function tickText(at: number, opt: PlotOptions): string {
  return opt.dates ? opt.words.date(at) : opt.words.time(at)
}

/** The limits are always in view: a chart that cuts them off would look calm. */
function span(min: number, max: number, limits: number[]): [number, number] {
  const low = Math.min(min, ...limits)
  const high = Math.max(max, ...limits)
  const room = (high - low || Math.abs(high) || 1) * 0.08
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room]
}

function limitLines(u: uPlot, opt: PlotOptions, color: string): void {
  const { ctx } = u
  const { left, width } = u.bbox
  ctx.save()
  ctx.strokeStyle = color
  ctx.fillStyle = color
  ctx.lineWidth = 1.4 * devicePixelRatio
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
  ctx.font = `${11 * devicePixelRatio}px "Be Vietnam Pro", system-ui, sans-serif`
  for (const limit of opt.limits) {
    const y = Math.round(u.valToPos(limit, 'y', true))
    ctx.beginPath()
    ctx.moveTo(left, y)
    ctx.lineTo(left + width, y)
    ctx.stroke()
    const atEnd = farther(Array.from(u.data[1] ?? []), limit) === 'end'
    ctx.textBaseline = 'bottom'
    ctx.textAlign = atEnd ? 'right' : 'left'
    const text = `${opt.words.t('chart.limit')} ${bound(limit, opt.words)}`
    ctx.fillText(text, atEnd ? left + width - 4 : left + 4, y - 3 * devicePixelRatio)
  }
  ctx.restore()
}

/** At which end the line keeps more clear of the limit, so that the limit's name is not written over it. */
function farther(values: readonly (number | null | undefined)[], limit: number): 'start' | 'end' {
  const known = values.filter((v): v is number => typeof v === 'number')
  const part = Math.max(1, Math.floor(known.length / 5))
  const room = (some: number[]) => Math.min(...some.map((v) => Math.abs(v - limit)))
  return room(known.slice(-part)) > room(known.slice(0, part)) ? 'end' : 'start'
}

/** The value under the pointer, in a corner where it hides nothing. */
function readout(u: uPlot, box: HTMLElement, opt: PlotOptions): void {
  const i = u.cursor.idx
  const time = i === null || i === undefined ? undefined : u.data[0][i]
  const value = i === null || i === undefined ? undefined : u.data[1]?.[i]
  if (time === undefined || value === null || value === undefined) delete box.dataset.readout
  else box.dataset.readout = `${tickText(time * 1000, opt)}  ${opt.words.measured(value, opt.decimals)}`
}
