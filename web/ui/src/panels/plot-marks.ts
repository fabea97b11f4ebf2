import type uPlot from 'uplot'

/** What stands out on a chart: single points by their shape, a span by its ground. */

export interface Mark {
  /** ms. */
  time: number
  value: number
  kind: 'peak' | 'late' | 'revised'
}

/** Corners of each sign in a box from -1 to 1; a ring has none. */
const SIGNS: Record<Mark['kind'], readonly (readonly [number, number])[]> = {
  peak: [
    [0, 1],
    [-1, -0.8],
    [1, -0.8],
  ],
  late: [
    [0, -1],
    [1, 0],
    [0, 1],
    [-1, 0],
  ],
  revised: [
    [-0.8, -0.8],
    [0.8, -0.8],
    [0.8, 0.8],
    [-0.8, 0.8],
  ],
}
const SIZE = 4.5

export function drawMarks(u: uPlot, marks: readonly Mark[], ink: string, ground: string): void {
  const { ctx } = u
  const r = SIZE * devicePixelRatio
  ctx.save()
  ctx.strokeStyle = ink
  ctx.lineWidth = 1.4 * devicePixelRatio
  for (const m of marks) {
    const x = u.valToPos(m.time / 1000, 'x', true)
    // The sign of the peak stands above its point and does not hide it.
    const y = u.valToPos(m.value, 'y', true) - (m.kind === 'peak' ? 1.6 * r : 0)
    ctx.fillStyle = m.kind === 'peak' ? ink : ground
    ctx.beginPath()
    for (const [i, [dx, dy]] of SIGNS[m.kind].entries()) {
      if (i === 0) ctx.moveTo(x + dx * r, y + dy * r)
      else ctx.lineTo(x + dx * r, y + dy * r)
    }
    ctx.closePath()
    ctx.fill()
    ctx.stroke()
  }
  ctx.restore()
}

export function drawBand(u: uPlot, [from, to]: readonly [number, number], color: string): void {
  const { ctx, bbox } = u
  const left = Math.max(bbox.left, u.valToPos(from / 1000, 'x', true))
  const right = Math.min(bbox.left + bbox.width, u.valToPos(to / 1000, 'x', true))
  if (right <= left) return
  ctx.save()
  ctx.globalAlpha = 0.09
  ctx.fillStyle = color
  ctx.fillRect(left, bbox.top, right - left, bbox.height)
  ctx.globalAlpha = 0.6
  ctx.fillRect(left, bbox.top, devicePixelRatio, bbox.height)
  ctx.restore()
}
