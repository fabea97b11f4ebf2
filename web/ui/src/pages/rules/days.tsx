import { words } from '../../state.ts'
import type { BacktestReport } from '../../wire-rules.ts'
import { dayBars } from './picture.ts'

const WIDTH = 1000
const HALF = 62
/** A day alone would otherwise be a wall. */
const WIDEST = 46

/** Alerts by day: the rule in force stands up from the line, the draft hangs from it. Side and place tell them apart, not the colour. */
export function Days({ report: r }: { report: BacktestReport }) {
  const w = words.value
  const bars = dayBars(r.days)
  const before = Math.max(0, ...bars.map((b) => b.before))
  const after = Math.max(0, ...bars.map((b) => b.after))
  const most = Math.max(1, before, after)
  const step = WIDTH / Math.max(1, bars.length)
  const width = Math.min(WIDEST, step * 0.76)
  const left = (i: number) => (i + 0.5) * step - width / 2
  const height = (n: number) => (n === 0 ? 0 : Math.max(1.5, (n / most) * (HALF - 4)))
  return (
    <figure class="days-figure">
      <figcaption>
        <h4>{w.t('trial.per_day')}</h4>
      </figcaption>
      <div class="days-plot">
        <span class="side">
          {r.in_force && w.t('trial.before')} <b>{r.in_force && w.count(before)}</b>
        </span>
        <span class="side low">
          {w.t('trial.after')} <b>{w.count(after)}</b>
        </span>
        <svg
          viewBox={`0 0 ${WIDTH} ${2 * HALF}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={w.t('trial.per_day_label', { before: w.count(before), after: w.count(after) })}
        >
          {bars.map((b, i) => (
            <g key={b.day}>
              <title>{`${w.fullDay(`${b.day}T00:00:00+07:00`)}: ${b.before} → ${b.after}`}</title>
              <rect class="hit" x={i * step} y="0" width={step} height={2 * HALF} />
              <rect class="before" x={left(i)} y={HALF - height(b.before)} width={width} height={height(b.before)} />
              <rect class="after" x={left(i)} y={HALF} width={width} height={height(b.after)} />
            </g>
          ))}
          <line x1="0" x2={WIDTH} y1={HALF} y2={HALF} />
        </svg>
      </div>
      <p class="ends">
        <span>{w.fullDay(r.from)}</span>
        <span>{w.fullDay(r.to)}</span>
      </p>
    </figure>
  )
}
