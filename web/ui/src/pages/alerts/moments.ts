import type { Moment, Notice, Severity } from '../../wire.ts'

/** The timeline as it is read: newest first, each change against the grade before it. Pure. */

export interface Line {
  key: number
  moment: Moment
  /** The grade before; null at the opening, where there was none. */
  from: Severity | null
}

export function linesOf(timeline: readonly Moment[]): Line[] {
  let grade: Severity | null = null
  const lines = timeline.map((moment, key) => {
    const from = grade
    if (moment.severity && !moment.notice) grade = moment.severity
    return { key, moment, from }
  })
  return lines.reverse()
}

/** A change that was known this much after it happened rests on late data, ms. */
const LATE = 15 * 60_000

export function isLateKnown(m: Moment): boolean {
  return m.event_at !== undefined && !m.by && Date.parse(m.at) - Date.parse(m.event_at) > LATE
}

export interface Told {
  /** Recipients that the timeline names. */
  all: number
  /** Those that have got the last thing they were sent. */
  reached: number
}

/** Who was told, by the last try to each recipient. */
export function toldOf(timeline: readonly Moment[]): Told {
  const last = new Map<string, Notice>()
  for (const { notice } of timeline) if (notice && notice.result !== 'skipped') last.set(notice.webhook, notice)
  const reached = [...last.values()].filter((n) => n.result === 'delivered').length
  return { all: last.size, reached }
}
