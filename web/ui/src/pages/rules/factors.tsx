import { words } from '../../state.ts'
import type { FactorTable } from '../../wire-rules.ts'

/** The tables that the factors Kq and Kf are read off. */
export function Factors({ tables }: { tables: readonly FactorTable[] }) {
  const w = words.value
  if (tables.length === 0) return null
  return (
    <section class="law" aria-label={w.t('limits.tables')}>
      <h3>{w.t('limits.tables')}</h3>
      <ul class="factors">
        {tables.map((t) => (
          <li key={`${t.set}${t.factor}${t.water ?? ''}`}>
            <b>{t.factor === 'kq' ? 'Kq' : 'Kf'}</b> {t.water && <span>{w.named('water', t.water)}</span>}{' '}
            <small>{t.set}</small>
            <dl>
              {t.classes.map((c, i) => (
                <div key={c.over}>
                  <dt>{classText(t, i)}</dt>
                  <dd>{w.number(c.value, 3)}</dd>
                </div>
              ))}
              {t.missing !== undefined && (
                <div>
                  <dt>{w.t('limits.missing')}</dt>
                  <dd>{w.number(t.missing, 3)}</dd>
                </div>
              )}
            </dl>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** The lowest class reaches up to where the next begins. */
function classText(t: FactorTable, i: number): string {
  const w = words.value
  const figure = (n: number) => ({ n: w.number(n, 3), unit: t.unit })
  const { over = 0 } = t.classes[i] ?? {}
  if (over > 0) return w.t('limits.over_class', figure(over))
  const next = t.classes[i + 1]
  return next ? w.t('limits.first_class', figure(next.over)) : w.t('limits.any_class')
}
