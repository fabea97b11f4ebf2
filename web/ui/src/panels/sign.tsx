import { SHAPES } from '../shapes.ts'
import { words } from '../state.ts'
import type { Severity, State } from '../wire.ts'

/** The sign of a state. It stands beside its text; alone it says its text to a screen reader. */
export function StateSign({ state, alone = false }: { state: State; alone?: boolean }) {
  const { body, fill, mark, ink } = SHAPES[state]
  const drawing = (
    <>
      <path d={body} fill={fill} stroke="#12201d" stroke-width="1.6" stroke-linejoin="round" />
      {mark && <path d={mark} fill="none" stroke={ink} stroke-width="2.4" stroke-linecap="round" />}
    </>
  )
  if (!alone) {
    return (
      <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
        {drawing}
      </svg>
    )
  }
  return (
    <svg class="sign" viewBox="0 0 24 24" role="img">
      <title>{words.value.t(`state.${state}`)}</title>
      {drawing}
    </svg>
  )
}

/** How many of four bars are full: the grade reads without its colour. */
const BARS: Record<Severity, number> = { info: 1, warning: 2, critical: 3, emergency: 4 }

export function SeveritySign({ severity }: { severity: Severity }) {
  return (
    <span class={`severity ${severity}`}>
      <svg viewBox="0 0 18 14" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <rect
            key={i}
            x={i * 4.5 + 0.5}
            y={10 - i * 3}
            width="3.4"
            height={3.5 + i * 3}
            rx="0.8"
            class={i < BARS[severity] ? 'full' : 'rest'}
          />
        ))}
      </svg>
      {words.value.t(`severity.${severity}`)}
    </span>
  )
}
