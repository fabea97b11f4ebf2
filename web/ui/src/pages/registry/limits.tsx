import { words } from '../../state.ts'
import type { AssignmentDraft } from './draft.ts'
import { Choice, Field } from './field.tsx'
import type { FormProps } from './form.tsx'
import { limitSets } from './state.ts'

const NEW: AssignmentDraft = { set: '', column: '', kq: '', kf: '', from: '', to: '' }

/** Under which limits the station stands, and when. */
export function Assignments({ draft: d, change }: FormProps) {
  const w = words.value
  const sets = limitSets.state.value.value ?? []
  const put = (i: number, part: Partial<AssignmentDraft>) =>
    change({ limits: d.limits.map((a, k) => (k === i ? { ...a, ...part } : a)) })
  const add = () => {
    const [first] = sets
    change({ limits: [...d.limits, { ...NEW, set: first?.id ?? '', column: first?.columns[0] ?? '' }] })
  }
  return (
    <fieldset class="rows">
      <legend>{w.t('registry.limits')}</legend>
      {d.limits.length === 0 && <p class="soft">{w.t('registry.no_limits')}</p>}
      {d.limits.map((a, i) => {
        const set = sets.find((s) => s.id === a.set)
        const at = `limits[${i}]`
        return (
          <fieldset key={`${i} ${d.limits.length}`} class="row" aria-label={w.t('registry.limit_n', { n: i + 1 })}>
            <Choice
              name={`set${i}`}
              path={`${at}.set`}
              label={w.t('registry.set')}
              value={a.set}
              choices={sets.map((s) => ({ value: s.id, text: s.reference }))}
              set={(v) => put(i, { set: v })}
            />
            <Choice
              name={`column${i}`}
              path={`${at}.column`}
              label={w.t('registry.column')}
              value={a.column}
              choices={(set?.columns ?? []).map((c) => ({ value: c, text: c }))}
              set={(column) => put(i, { column })}
            />
            {(set?.factors ?? true) && (
              <>
                <Field
                  name={`kq${i}`}
                  path={`${at}.kq`}
                  label="Kq"
                  value={a.kq}
                  mode="decimal"
                  set={(kq) => put(i, { kq })}
                />
                <Field
                  name={`kf${i}`}
                  path={`${at}.kf`}
                  label="Kf"
                  value={a.kf}
                  mode="decimal"
                  set={(kf) => put(i, { kf })}
                />
              </>
            )}
            <Field
              name={`from${i}`}
              path={`${at}.from`}
              label={w.t('registry.from')}
              value={a.from}
              type="date"
              set={(from) => put(i, { from })}
            />
            <Field
              name={`to${i}`}
              path={`${at}.to`}
              label={w.t('registry.to')}
              value={a.to}
              type="date"
              set={(to) => put(i, { to })}
            />
            <button
              type="button"
              class="link grave"
              aria-label={`${w.t('registry.drop')}: ${w.t('registry.limit_n', { n: i + 1 })}`}
              onClick={() => change({ limits: d.limits.filter((_, k) => k !== i) })}
            >
              {w.t('registry.drop')}
            </button>
          </fieldset>
        )
      })}
      <button type="button" class="quiet" onClick={add}>
        {w.t('registry.add_limit')}
      </button>
    </fieldset>
  )
}
