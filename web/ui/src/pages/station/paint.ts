import type uPlot from 'uplot'
import { drawMarks } from '../../panels/plot-marks.ts'
import { isBeyond, limitAt } from './limits.ts'
import type { Palette } from './palette.ts'
import type { Model } from './plot.ts'

/** What stands on a chart beside its lines: limits while they hold, what is beyond them, and what the device did. */

type Context = CanvasRenderingContext2D

/** x of a time in canvas pixels, kept inside the plot. */
function xOf(u: uPlot, at: number): number {
  const { left, width } = u.bbox
  const x = Number.isFinite(at) ? u.valToPos(at / 1000, 'x', true) : at < 0 ? left : left + width
  return Math.min(left + width, Math.max(left, x))
}

function drawing(u: uPlot, act: (ctx: Context, dpr: number) => void): void {
  u.ctx.save()
  // What the lines were drawn with is still set.
  u.ctx.setLineDash([])
  u.ctx.textAlign = 'left'
  u.ctx.textBaseline = 'alphabetic'
  u.ctx.beginPath()
  act(u.ctx, devicePixelRatio)
  u.ctx.restore()
}

const FONT = '11px "Be Vietnam Pro", system-ui, sans-serif'

function setFont(ctx: Context, dpr: number): void {
  ctx.font = FONT.replace('11', String(11 * dpr))
}

/** Times in which the device did not measure: a hatched ground, and what it did where there is room to say so. */
export function paintBands(u: uPlot, m: Model, p: Palette): void {
  for (const b of m.bands) {
    const [left, right] = [xOf(u, b.from), xOf(u, b.to)]
    if (right <= left) continue
    drawing(u, (ctx, dpr) => {
      const color = b.status === 'fault' ? p.fault : p.calibrating
      const width = Math.max(right - left, 2 * dpr)
      ctx.fillStyle = color
      ctx.globalAlpha = 0.12
      ctx.fillRect(left, u.bbox.top, width, u.bbox.height)
      ctx.globalAlpha = 0.55
      ctx.rect(left, u.bbox.top, width, u.bbox.height)
      ctx.clip()
      hatch(ctx, { left, top: u.bbox.top, width, height: u.bbox.height }, color, b.status === 'fault')
      ctx.globalAlpha = 1
      label(
        ctx,
        m.words.named('status', b.status),
        { x: left + 4 * dpr, y: u.bbox.top + u.bbox.height - 5 * dpr, room: width - 8 * dpr },
        p,
      )
    })
  }
}

interface Box {
  left: number
  top: number
  width: number
  height: number
}

/** Slanted lines, crossed for a fault, so that the two are told apart without colour. */
function hatch(ctx: Context, box: Box, color: string, crossed: boolean): void {
  const dpr = devicePixelRatio
  const gap = 8 * dpr
  ctx.strokeStyle = color
  ctx.lineWidth = 0.7 * dpr
  ctx.beginPath()
  const first = Math.floor((box.left - box.height) / gap) * gap
  for (let x = first; x < box.left + box.width + box.height; x += gap) {
    ctx.moveTo(x, box.top + box.height)
    ctx.lineTo(x + box.height, box.top)
    if (!crossed) continue
    ctx.moveTo(x, box.top)
    ctx.lineTo(x + box.height, box.top + box.height)
  }
  ctx.stroke()
}

/** A text on a ground of its own, where there is room for it. */
function label(ctx: Context, text: string, at: { x: number; y: number; room: number }, p: Palette): void {
  const dpr = devicePixelRatio
  setFont(ctx, dpr)
  const width = ctx.measureText(text).width
  if (width > at.room) return
  ctx.fillStyle = p.surface
  ctx.globalAlpha = 0.85
  ctx.fillRect(at.x - 2 * dpr, at.y - 12 * dpr, width + 4 * dpr, 15 * dpr)
  ctx.globalAlpha = 1
  ctx.fillStyle = p.ink
  ctx.fillText(text, at.x, at.y)
}

/** Each bound as long as it holds; where one follows another, an upright line says so. */
export function paintLimits(u: uPlot, m: Model, p: Palette): void {
  const right = u.bbox.left + u.bbox.width
  for (const l of m.held) {
    const [from, to] = [xOf(u, l.from), xOf(u, l.to)]
    drawing(u, (ctx, dpr) => {
      ctx.strokeStyle = p.over
      ctx.lineWidth = 1.4 * dpr
      ctx.setLineDash([6 * dpr, 4 * dpr])
      for (const bound of [l.min, l.max]) {
        if (bound === null) continue
        const y = Math.round(u.valToPos(bound, 'y', true))
        ctx.moveTo(from, y)
        ctx.lineTo(to, y)
      }
      ctx.stroke()
      if (from <= u.bbox.left) return
      ctx.beginPath()
      ctx.setLineDash([2 * dpr, 3 * dpr])
      ctx.lineWidth = dpr
      ctx.moveTo(from, u.bbox.top)
      ctx.lineTo(from, u.bbox.top + u.bbox.height)
      ctx.stroke()
    })
    for (const bound of [l.min, l.max])
      if (bound !== null) nameBound(u, m, p, { bound, from, to: Math.min(to, right), since: l.from })
  }
}

function nameBound(
  u: uPlot,
  m: Model,
  p: Palette,
  at: { bound: number; from: number; to: number; since: number },
): void {
  drawing(u, (ctx, dpr) => {
    setFont(ctx, dpr)
    ctx.fillStyle = p.over
    const named = `${m.words.t('chart.limit')} ${m.words.number(at.bound, 6)}`
    const dated =
      at.from > u.bbox.left ? `${named}, ${m.words.t('alert.since', { when: m.words.date(at.since) })}` : named
    const room = at.to - at.from - 8 * dpr
    const text = ctx.measureText(dated).width <= room ? dated : named
    if (ctx.measureText(text).width > room) return
    const y = u.valToPos(at.bound, 'y', true)
    const below = y - 14 * dpr < u.bbox.top
    ctx.textBaseline = below ? 'top' : 'bottom'
    ctx.fillText(text, at.from + 4 * dpr, below ? y + 3 * dpr : y - 3 * dpr)
  })
}

/** What is beyond the limit once more, stronger, and a bar along the top edge for as long as that lasts. */
export function paintBeyond(u: uPlot, m: Model, p: Palette): void {
  const { line, area } = pathsOf(u, m)
  const { top, height } = u.bbox
  for (const l of m.held) {
    const [from, to] = [xOf(u, l.from), xOf(u, l.to)]
    if (to <= from) continue
    const above = l.max === null ? null : u.valToPos(l.max, 'y', true)
    const below = l.min === null ? null : u.valToPos(l.min, 'y', true)
    drawing(u, (ctx, dpr) => {
      if (above !== null) ctx.rect(from, top, to - from, Math.max(0, above - top))
      if (below !== null) ctx.rect(from, below, to - from, Math.max(0, top + height - below))
      ctx.clip()
      ctx.fillStyle = p.over
      ctx.globalAlpha = 0.22
      ctx.fill(area)
      ctx.globalAlpha = 1
      ctx.strokeStyle = p.over
      ctx.lineWidth = 2.2 * dpr
      ctx.lineJoin = 'round'
      ctx.stroke(line)
    })
  }
  drawing(u, (ctx, dpr) => {
    ctx.fillStyle = p.over
    for (const v of m.line) {
      const limit = limitAt(m.held, v.time)
      if (!isBeyond(limit, v.max) && !isBeyond(limit, v.min)) continue
      const left = xOf(u, v.time)
      ctx.fillRect(left, top - 6 * dpr, Math.max(2 * dpr, xOf(u, v.time + m.step) - left), 4 * dpr)
    }
  })
}

/** The line and the ground between least and greatest, in canvas pixels, broken where the chart's own is. */
function pathsOf(u: uPlot, m: Model): { line: Path2D; area: Path2D } {
  const line = new Path2D()
  const area = new Path2D()
  let run: { x: number; min: number; max: number }[] = []
  const close = () => {
    for (const [i, at] of run.entries()) {
      if (i === 0) area.moveTo(at.x, at.max)
      else area.lineTo(at.x, at.max)
    }
    for (const at of run.toReversed()) area.lineTo(at.x, at.min)
    area.closePath()
    run = []
  }
  let before = Number.NEGATIVE_INFINITY
  for (const v of m.line) {
    const x = u.valToPos(v.time / 1000, 'x', true)
    const y = u.valToPos(v.value, 'y', true)
    if (v.time - before > 3 * m.step) {
      close()
      line.moveTo(x, y)
    } else line.lineTo(x, y)
    run.push({ x, min: u.valToPos(v.min, 'y', true), max: u.valToPos(v.max, 'y', true) })
    before = v.time
  }
  close()
  return { line, area }
}

/** More signs than this hide the line: they then stand at the foot as strokes. */
const MOST_SIGNS = 60

/** Late and revised values where they are; one without a number stands at the foot. What came later hangs on a thread. */
export function paintPoints(u: uPlot, m: Model, p: Palette): void {
  if (m.points.length > MOST_SIGNS) {
    paintFoot(u, m, p)
    return
  }
  const { min = 0, max = 0 } = u.scales.y ?? {}
  const inside = (v: number) => Math.min(Math.max(v, min), max)
  drawing(u, (ctx, dpr) => {
    ctx.strokeStyle = p.ink
    ctx.lineWidth = dpr
    for (const q of m.points) {
      if (q.other === null || q.value === null) continue
      const x = xOf(u, q.time)
      const y = u.valToPos(inside(q.other), 'y', true)
      ctx.moveTo(x, u.valToPos(inside(q.value), 'y', true))
      ctx.lineTo(x, y)
      ctx.moveTo(x - 4 * dpr, y)
      ctx.lineTo(x + 4 * dpr, y)
    }
    ctx.stroke()
  })
  const marks = m.points.map((q) => ({ time: q.time, value: q.value === null ? min : inside(q.value), kind: q.kind }))
  drawing(u, () => drawMarks(u, marks, p.ink, p.surface))
}

/** A short stroke for each late value, a long one for each revised. */
function paintFoot(u: uPlot, m: Model, p: Palette): void {
  const foot = u.bbox.top + u.bbox.height
  drawing(u, (ctx, dpr) => {
    ctx.strokeStyle = p.soft
    ctx.lineWidth = dpr
    for (const q of m.points) {
      const x = Math.round(xOf(u, q.time))
      ctx.moveTo(x, foot)
      ctx.lineTo(x, foot - (q.kind === 'late' ? 4 : 9) * dpr)
    }
    ctx.stroke()
  })
}
