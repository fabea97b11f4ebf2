import type { Frame, ReadingItem } from './wire.ts'

/**
 * Makes one frame of readings of those that follow each other: the state is then copied once and not for each. What comes
 * between them keeps its place. Pure.
 */
export function merged(frames: readonly Frame[]): Frame[] {
  const out: Frame[] = []
  let items: ReadingItem[] | null = null
  for (const frame of frames) {
    const last = out.at(-1)
    if (frame.type !== 'readings' || last?.type !== 'readings' || !items) {
      items = frame.type === 'readings' ? [...frame.items] : null
      out.push(items && frame.type === 'readings' ? { ...frame, items } : frame)
      continue
    }
    for (const item of frame.items) items.push(item)
    last.sequence = frame.sequence
  }
  return out
}
