import type { Value } from './line.ts'
import { type Span, shifted, zoomed } from './span.ts'

/** What the keys do on a chart that has the focus. Pure: it says what comes of a key, and the chart does it. */

export interface Cursor {
  /** Index of a point of the line; null = nothing is pointed at. */
  at: number | null
  /** Where a selection begins; null = there is none. */
  since: number | null
}

export type Deed = { cursor: Cursor } | { span: Span } | null

const NONE: Cursor = { at: null, since: null }

export function keyed(
  e: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
  line: readonly Value[],
  c: Cursor,
  s: Span,
  now: number,
): Deed {
  const last = line.length - 1
  const here = c.at ?? last
  const move = (to: number): Deed => {
    if (last < 0) return null
    const at = Math.min(last, Math.max(0, to))
    return { cursor: { at, since: e.shiftKey ? (c.since ?? here) : null } }
  }
  const around = (c.at === null ? undefined : line[c.at]?.time) ?? (s.from + s.to) / 2
  switch (e.key) {
    case 'ArrowLeft':
      return move(c.at === null ? last : here - 1)
    case 'ArrowRight':
      return move(c.at === null ? 0 : here + 1)
    case 'PageUp':
      return move(here - Math.ceil(line.length / 10))
    case 'PageDown':
      return move(here + Math.ceil(line.length / 10))
    case 'Home':
      return move(0)
    case 'End':
      return move(last)
    case 'Enter':
      return selected(line, c, now)
    case '+':
    case '=':
      return { span: zoomed(s, 0.5, around, now) }
    case '-':
      return { span: zoomed(s, 2, around, now) }
    case ',':
      return { span: shifted(s, -1, now) }
    case '.':
      return { span: shifted(s, 1, now) }
    case 'Escape':
      return c.at === null ? null : { cursor: NONE }
    default:
      return null
  }
}

/** What is selected becomes what is seen. */
function selected(line: readonly Value[], { at, since }: Cursor, now: number): Deed {
  const a = at === null ? undefined : line[at]
  const b = since === null ? undefined : line[since]
  if (!a || !b || a === b) return null
  const [from, to] = [Math.min(a.time, b.time), Math.max(a.time, b.time)]
  const s: Span = { from, to, name: null }
  // Through the same door as a zoom, so that it is never too short.
  return { span: zoomed(s, 1, (from + to) / 2, now) }
}
