import type { Value } from './line.ts'

/** The point of a line that is nearest to a time; null where none is within reach, ms. Pure. */
export function nearest(line: readonly Value[], at: number, reach: number): Value | null {
  let low = 0
  let high = line.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((line[middle]?.time ?? 0) < at) low = middle + 1
    else high = middle
  }
  const candidates = [line[low - 1], line[low]].filter((v) => v !== undefined)
  let best: Value | null = null
  for (const v of candidates) if (!best || Math.abs(v.time - at) < Math.abs(best.time - at)) best = v
  return best && Math.abs(best.time - at) <= reach ? best : null
}

/** The point whose window a time lies in; null where there is none. */
export function containing(line: readonly Value[], at: number, step: number): Value | null {
  const v = nearest(line, at - step / 2, step / 2)
  return v && at >= v.time && at < v.time + step ? v : null
}
