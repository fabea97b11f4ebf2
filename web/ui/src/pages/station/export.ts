import type { Words } from '../../i18n/format.ts'
import { toLocal } from '../../parts/zone.ts'
import { type Held, limitAt, ratioOf } from './limits.ts'
import type { Value } from './line.ts'
import { bandAt } from './marks.ts'
import type { LineName } from './model.ts'
import type { Palette } from './palette.ts'
import type { Drawn } from './state.ts'

/** What a reader takes along: the figures as a table, the chart as a picture. */

/** An instant where the stations are, as ISO 8601 has it: a spreadsheet elsewhere reads the same time. */
export function localStamp(at: number): string {
  return `${toLocal(at)}+07:00`
}

const HEAD = [
  'station',
  'parameter',
  'unit',
  'time',
  'value',
  'min',
  'max',
  'count',
  'limit_min',
  'limit_max',
  'limit_reference',
  'limit_verified',
  'ratio',
  'status',
]

/** The line that is shown, each point with the limit that held then; the names do not change with the language. */
export function tableOf(d: Drawn, held: readonly Held[], unit: string): (string | number)[][] {
  const rows = d.line.map((v: Value) => {
    const limit = limitAt(held, v.time)
    const ratio = ratioOf(limit, v.value)
    return [
      d.of.station,
      d.of.parameter,
      unit,
      localStamp(v.time),
      v.value,
      v.min,
      v.max,
      v.count,
      limit?.min ?? '',
      limit?.max ?? '',
      limit?.reference ?? '',
      limit ? String(limit.verified) : '',
      ratio === null ? '' : Number(ratio.toFixed(4)),
      bandAt(d.bands, v.time)?.status ?? '',
    ]
  })
  return [HEAD, ...rows]
}

export interface Caption {
  title: string
  lines: readonly string[]
  names: readonly LineName[]
  foot: string
}

/** A chart with its title, its legend and where it is from: a picture goes on without the page around it. */
export function pictureOf(chart: HTMLCanvasElement, c: Caption, p: Palette, scale: number): HTMLCanvasElement {
  const out = document.createElement('canvas')
  const pad = 20 * scale
  const head = (34 + 18 * c.lines.length) * scale
  const legend = 26 * scale
  const foot = 30 * scale
  out.width = chart.width + 2 * pad
  out.height = head + chart.height + legend + foot + pad
  const ctx = out.getContext('2d')
  if (!ctx) return out
  const font = (px: number, weight = 400) => `${weight} ${px * scale}px "Be Vietnam Pro", system-ui, sans-serif`
  ctx.fillStyle = p.surface
  ctx.fillRect(0, 0, out.width, out.height)
  ctx.fillStyle = p.ink
  ctx.font = font(17, 600)
  ctx.fillText(c.title, pad, pad + 12 * scale)
  ctx.font = font(12)
  ctx.fillStyle = p.soft
  for (const [i, text] of c.lines.entries()) ctx.fillText(text, pad, pad + (32 + 18 * i) * scale)
  ctx.drawImage(chart, pad, head + pad / 2)
  drawNames(ctx, c.names, p, { x: pad, y: head + chart.height + pad, scale })
  ctx.font = font(11)
  ctx.fillStyle = p.soft
  ctx.fillText(c.foot, pad, out.height - 12 * scale)
  return out
}

function drawNames(
  ctx: CanvasRenderingContext2D,
  names: readonly LineName[],
  p: Palette,
  at: { x: number; y: number; scale: number },
): void {
  let { x } = at
  ctx.font = `400 ${12 * at.scale}px "Be Vietnam Pro", system-ui, sans-serif`
  for (const n of names) {
    if (n.left) continue
    ctx.strokeStyle = p[n.color]
    ctx.lineWidth = 2.2 * at.scale
    ctx.setLineDash(n.dash.map((d) => d * at.scale))
    ctx.beginPath()
    ctx.moveTo(x, at.y - 4 * at.scale)
    ctx.lineTo(x + 26 * at.scale, at.y - 4 * at.scale)
    ctx.stroke()
    ctx.setLineDash([])
    ctx.fillStyle = p.ink
    const text = n.unit ? `${n.text} (${n.unit})` : n.text
    ctx.fillText(text, x + 32 * at.scale, at.y)
    x += 32 * at.scale + ctx.measureText(text).width + 22 * at.scale
  }
}

/** "quantrac-amata-01-cod-20261123-20261124": what a file is called without an ending. */
export function fileName(d: Drawn): string {
  const day = (at: number) => toLocal(at).slice(0, 16).replace(/\D/g, '')
  return `quantrac-${d.of.station}-${d.of.parameter}-${day(d.span.from)}-${day(d.span.to)}`
}

/** "24/11/2026 12:00 – 25/11/2026 12:00". */
export function spanText(d: { from: number; to: number }, w: Words): string {
  return `${w.minute(d.from)} – ${w.minute(d.to)}`
}
