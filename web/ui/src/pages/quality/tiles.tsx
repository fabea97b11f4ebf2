import type { Words } from '../../i18n/format.ts'
import { words } from '../../state.ts'
import { FIGURES, type FigureName, type Figures } from '../../wire-quality.ts'
import { percent, standing } from './figures.ts'
import { Bar, Mark } from './mark.tsx'

/** The six figures in large: the value, how it stands to its target, and what it is made of. */
export function Tiles({ of: f }: { of: Figures }) {
  return (
    <ul class="tiles">
      {FIGURES.map((name) => (
        <Tile key={name} name={name} of={f} />
      ))}
    </ul>
  )
}

function Tile({ name, of: f }: { name: FigureName; of: Figures }) {
  const w = words.value
  const { value, target, reason } = f[name]
  const s = standing(name, f)
  return (
    <li class={`tile ${s}`} data-figure={name} data-standing={s}>
      <h3 title={w.t(`six_why.${name}`)}>
        {w.t(`six.${name}`)}
        <span class="stand">
          <Mark of={s} />
          <span aria-hidden="true">{w.t(`six.${s}`)}</span>
        </span>
      </h3>
      <p class="big">
        {value === null ? '–' : w.measured(percent(value), 1)}
        {value !== null && <small> %</small>}
        <small class="aim">{w.t('six.target', { n: w.number(target * 100, 1) })}</small>
      </p>
      <Bar name={name} of={f} floor={name === 'complete'} />
      <p class="made">{value === null && reason ? w.said('six_reason', reason) : made(name, f, w)}</p>
      {extra(name, f, w).map((line) => (
        <p key={line} class="made">
          {line}
        </p>
      ))}
      <p class="why">{w.t(`six_why.${name}`)}</p>
    </li>
  )
}

function made(name: FigureName, f: Figures, w: Words): string {
  const of = (part: number, all: number, more: Record<string, string> = {}) =>
    w.t(`six.of_${name}`, { part: w.count(part), of: w.count(all), ...more })
  switch (name) {
    case 'correct':
      return of(f.correct.parts.right, f.correct.parts.readings)
    case 'complete':
      return of(f.complete.parts.covered, f.complete.parts.expected, { late: w.count(f.complete.parts.late) })
    case 'clean':
      return of(f.clean.parts.stored - f.clean.parts.suspect, f.clean.parts.received)
    case 'alive':
      return of(f.alive.parts.alive_now, f.alive.parts.stations)
    case 'uniform':
      return of(f.uniform.parts.uniform, f.uniform.parts.records)
    case 'shared':
      return of(f.shared.parts.published, f.shared.parts.stations)
  }
}

/** What else has to hold, and what is not known. */
function extra(name: FigureName, f: Figures, w: Words): string[] {
  switch (name) {
    case 'correct': {
      const n = f.correct.parts.parameters_unknown
      return n > 0 ? [w.t('six.calibration', { n: w.count(n) })] : []
    }
    case 'clean': {
      const { quarantine_rate: rate, quarantine_most: most } = f.clean.parts
      if (rate === null) return []
      return [w.t('six.quarantine_rate', { n: w.number(rate * 100, 2), most: w.number(most * 100, 1) })]
    }
    case 'alive': {
      const { delay_p95_seconds: n, delay_most_seconds: most } = f.alive.parts
      return n === null ? [] : [w.t('six.delay', { n: w.count(n), most: w.count(most) })]
    }
    case 'uniform': {
      const n = f.uniform.parts.unmapped_parameters + f.uniform.parts.unmapped_stations
      return n > 0 ? [w.t('six.unmapped', { n: w.count(n) })] : []
    }
    case 'shared':
      return sharedLines(f, w)
    case 'complete':
      return []
  }
}

function sharedLines(f: Figures, w: Words): string[] {
  const { availability, availability_reason: why, availability_target: target, consumers } = f.shared.parts
  const lines: string[] = []
  if (availability !== null) {
    lines.push(w.t('six.availability', { n: w.number(percent(availability), 1), target: w.number(target * 100, 1) }))
  } else if (why) {
    const said = w.said('six_reason', why)
    if (said) lines.push(said)
  }
  if (consumers !== null) lines.push(w.t('six.consumers', { n: w.count(consumers) }))
  return lines
}
