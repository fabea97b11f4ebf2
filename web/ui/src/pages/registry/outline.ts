import type { Area, Point } from '../../wire.ts'

/** The outline of a park while it is drawn: its corners in order, without the one that closes it. Pure. */

/** The outer ring of an area of one polygon; empty for none. */
export function ringOf(area: Area | undefined): Point[] {
  if (!area) return []
  const ring = area.type === 'Polygon' ? area.coordinates[0] : area.coordinates[0]?.[0]
  return ring ? ring.slice(0, -1) : []
}

/** The area of an outline, wound counter-clockwise and closed; what the form cannot draw stays as it was. */
export function areaOf(outline: readonly Point[], was: Area | undefined): Area | undefined {
  if (same(outline, ringOf(was))) return was
  if (outline.length === 0) return undefined
  const ring = signedArea(outline) < 0 ? [...outline].reverse() : [...outline]
  const first = ring[0]
  return { type: 'Polygon', coordinates: [first ? [...ring, first] : ring] }
}

function same(a: readonly Point[], b: readonly Point[]): boolean {
  return a.length === b.length && a.every((p, i) => p[0] === b[i]?.[0] && p[1] === b[i]?.[1])
}

export function signedArea(ring: readonly Point[]): number {
  return ring.reduce((sum, [x, y], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length] ?? [x, y]
    return sum + (x * y2 - x2 * y) / 2
  }, 0)
}

/** Puts a corner where the outline passes nearest: between the two corners whose edge that is. */
export function withCorner(outline: readonly Point[], p: Point): Point[] {
  if (outline.length < 3) return [...outline, p]
  let best = outline.length
  let least = Number.POSITIVE_INFINITY
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length] ?? a
    const d = distanceToEdge(p, a, b)
    if (d < least) {
      least = d
      best = i + 1
    }
  })
  return [...outline.slice(0, best), p, ...outline.slice(best)]
}

function distanceToEdge([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax
  const dy = by - ay
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length))
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}

export function withoutCorner(outline: readonly Point[], i: number): Point[] {
  return outline.filter((_, k) => k !== i)
}

export function movedCorner(outline: readonly Point[], i: number, p: Point): Point[] {
  return outline.map((q, k) => (k === i ? p : q))
}
