import { words } from '../../state.ts'
import { SEVERITIES } from '../../wire.ts'
import type { BacktestCount, BacktestReport } from '../../wire-rules.ts'
import { Days } from './days.tsx'
import { Differences } from './differences.tsx'
import { Lanes } from './lanes.tsx'
import { daysOf } from './picture.ts'
import { report, stale } from './trial.ts'

/** What a backtest found: the verdict, the figures, before and after as pictures, and each difference. */
export function Report() {
  const w = words.value
  const r = report.value
  if (!r) return null
  return (
    <section class={stale.value ? 'report stale-report' : 'report'} aria-label={w.t('trial.report')}>
      {stale.value && <p class="need-role">{w.t('trial.stale')}</p>}
      <p class="report-verdict" role="status" data-verdict>
        {verdictText(r)}
      </p>
      <p class="note">
        {w.t('trial.judged', { readings: w.count(r.readings), from: w.date(r.from), to: w.date(r.to) })}
        {r.truncated && ` ${w.t('trial.truncated')}`}
      </p>
      <Figures report={r} />
      <Days report={r} />
      <Lanes report={r} />
      <Differences report={r} />
    </section>
  )
}

function verdictText(r: BacktestReport): string {
  const w = words.value
  const figures = { days: w.number(daysOf(r), 1), after: w.count(r.draft.alerts) }
  if (!r.in_force || !r.difference) return w.t('trial.verdict_new', figures)
  const before = w.count(r.in_force.alerts)
  const missed = w.count(r.difference.missed)
  return w.t(r.difference.missed > 0 ? 'trial.verdict' : 'trial.verdict_none', { ...figures, before, missed })
}

function Figures({ report: r }: { report: BacktestReport }) {
  const w = words.value
  const grades = SEVERITIES.filter((s) => (r.draft.severities[s] ?? 0) + (r.in_force?.severities[s] ?? 0) > 0)
  return (
    <div class="figures">
      <table class="grid">
        <thead>
          <tr>
            <td />
            <th scope="col" class="num">
              {w.t('trial.alerts')}
            </th>
            {grades.map((s) => (
              <th key={s} scope="col" class="num">
                {w.t(`severity.${s}`)}
              </th>
            ))}
            <th scope="col" class="num">
              {w.t('trial.open_time')}
            </th>
          </tr>
        </thead>
        <tbody>
          {r.in_force && <Line name={w.t('trial.before')} count={r.in_force} grades={grades} />}
          <Line name={w.t('trial.after')} count={r.draft} grades={grades} />
        </tbody>
      </table>
      {r.difference && (
        <dl class="changes">
          {(['added', 'gone', 'missed'] as const).map((k) => (
            <div key={k} class={(r.difference?.[k] ?? 0) > 0 ? k : 'none'}>
              <dt>
                {w.t(`trial.${k}`)} <small>{w.t(`trial.${k}_hint`)}</small>
              </dt>
              <dd>{w.count(r.difference?.[k] ?? 0)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  )
}

function Line({
  name,
  count: c,
  grades,
}: {
  name: string
  count: BacktestCount
  grades: readonly (typeof SEVERITIES)[number][]
}) {
  const w = words.value
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="num">{w.count(c.alerts)}</td>
      {grades.map((s) => (
        <td key={s} class="num">
          {w.count(c.severities[s] ?? 0)}
        </td>
      ))}
      <td class="num">{w.span(c.open_seconds * 1000)}</td>
    </tr>
  )
}
