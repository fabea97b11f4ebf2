import { sparkPath, sparks } from '../sparks.ts'
import { past } from '../state.ts'

const WIDTH = 64
const HEIGHT = 18

/** A day of a parameter in little. It says nothing that the figures and the chart do not, so it is not read out. */
export function Spark({ station, code, over }: { station: string; code: string; over: boolean }) {
  const held = sparks.value.get(station)
  const rows = held?.lines.get(code)
  // They are of the present; what is shown may be the past.
  if (past.value) return null
  const path = held && rows ? sparkPath(rows, held, WIDTH, HEIGHT - 4) : ''
  return (
    <svg class={over ? 'spark over' : 'spark'} viewBox={`0 -2 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {path && <path d={path} />}
    </svg>
  )
}
