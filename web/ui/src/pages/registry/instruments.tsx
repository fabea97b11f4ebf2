import { present, words } from '../../state.ts'
import type { InstrumentDraft } from './draft.ts'
import { Field } from './field.tsx'
import type { FormProps } from './form.tsx'

const NEW: InstrumentDraft = { serial: '', model: '', parameters: '', calibrated: '', due: '' }

/** The register of instruments, with when each must be calibrated again. */
export function Instruments({ draft: d, change }: FormProps) {
  const w = words.value
  const put = (i: number, part: Partial<InstrumentDraft>) =>
    change({ instruments: d.instruments.map((a, k) => (k === i ? { ...a, ...part } : a)) })
  return (
    <fieldset class="rows">
      <legend>{w.t('registry.instruments')}</legend>
      {d.instruments.length === 0 && <p class="soft">{w.t('registry.no_instruments')}</p>}
      {d.instruments.map((it, i) => {
        const at = `instruments[${i}]`
        return (
          <fieldset
            key={`${i} ${d.instruments.length}`}
            class="row"
            aria-label={w.t('registry.instrument_n', { n: i + 1 })}
          >
            <Field
              name={`serial${i}`}
              path={`${at}.serial`}
              label={w.t('registry.serial')}
              value={it.serial}
              set={(serial) => put(i, { serial })}
            />
            <Field
              name={`model${i}`}
              path={`${at}.model`}
              label={w.t('registry.model')}
              value={it.model}
              set={(model) => put(i, { model })}
            />
            <Field
              name={`measures${i}`}
              path={`${at}.parameters`}
              label={w.t('registry.measures')}
              value={it.parameters}
              set={(parameters) => put(i, { parameters })}
            />
            <Field
              name={`calibrated${i}`}
              path={`${at}.calibrated`}
              label={w.t('registry.calibrated')}
              value={it.calibrated}
              type="date"
              set={(calibrated) => put(i, { calibrated })}
            />
            <Field
              name={`due${i}`}
              path={`${at}.calibration_due`}
              label={w.t('registry.due')}
              hint={it.due && Date.parse(it.due) < present.value ? w.t('registry.overdue') : ''}
              value={it.due}
              type="date"
              set={(due) => put(i, { due })}
            />
            <button
              type="button"
              class="link grave"
              aria-label={`${w.t('registry.drop')}: ${w.t('registry.instrument_n', { n: i + 1 })}`}
              onClick={() => change({ instruments: d.instruments.filter((_, k) => k !== i) })}
            >
              {w.t('registry.drop')}
            </button>
          </fieldset>
        )
      })}
      <button type="button" class="quiet" onClick={() => change({ instruments: [...d.instruments, NEW] })}>
        {w.t('registry.add_instrument')}
      </button>
    </fieldset>
  )
}
