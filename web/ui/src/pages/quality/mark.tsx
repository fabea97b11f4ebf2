import { words } from '../../state.ts'
import { type FigureName, type Figures, FIGURES as NAMES } from '../../wire-quality.ts'
import { percent, type Standing, standing, width } from './figures.ts'

export const FIGURES = NAMES

/** ✓ met, ▽ below the target, ▼ below the floor, – not known: a shape each, and a word for who hears it. */
const SHAPES: Record<Standing, string> = {
  met: 'M3 8.5 6.5 12 13 4.5',
  below: 'M3 5h10L8 12Z',
  floor: 'M3 5h10L8 12Z',
  unknown: 'M4 8h8',
}

export function Mark({ of: s }: { of: Standing }) {
  const w = words.value
  return (
    <span class={`mark ${s}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[s]} />
      </svg>
      <span class="heard">{w.t(`six.${s}`)}</span>
    </span>
  )
}

/** A share with its bar and the marks that it is held against. */
export function Bar({ name, of: f, floor = false }: { name: FigureName; of: Figures; floor?: boolean }) {
  const w = words.value
  const { target } = f[name]
  return (
    <span class={`bar ${standing(name, f)}`}>
      <i class="fill" style={{ width: `${width(f[name])}%` }} />
      {floor && <i class="at floor" style={{ left: '80%' }} title={w.t('six.floor_mark')} />}
      <i
        class="at"
        style={{ left: `${target * 100}%` }}
        title={w.t('six.target_mark', { n: w.number(target * 100, 1) })}
      />
    </span>
  )
}

/** The value of a cell. */
export function Share({ name, of: f }: { name: FigureName; of: Figures }) {
  const w = words.value
  const { value, reason } = f[name]
  const s = standing(name, f)
  if (value === null) {
    return (
      <span class="share unknown" title={reason ? w.said('six_reason', reason) : ''}>
        – <span class="heard">{w.t('six.unknown')}</span>
      </span>
    )
  }
  return (
    <span class={`share ${s}`}>
      {w.measured(percent(value), 1)}
      <Mark of={s} />
    </span>
  )
}
