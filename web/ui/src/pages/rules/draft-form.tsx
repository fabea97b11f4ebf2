import { Picker } from '../../mutes/picker.tsx'
import { can, parameters, parks, stations, words } from '../../state.ts'
import { SEVERITIES } from '../../wire.ts'
import type { Rule } from '../../wire-rules.ts'
import { text } from './desk.ts'
import { change } from './draft.ts'
import { DurationField, NumberField, TextField } from './fields.tsx'
import { hasLevels } from './sentence.ts'

interface FormProps {
  rule: Partial<Rule>
}

function put(path: readonly string[], value: unknown): void {
  text.value = change(text.peek(), path, value)
}

/** The usual things of a rule. Everything else stays as it is in the text. */
export function DraftForm({ rule: r }: FormProps) {
  const w = words.value
  const levels = hasLevels(r.on ?? 'value')
  return (
    <fieldset class="form draft-form" disabled={!can('officer')}>
      <legend class="heard">{w.t('draft.form')}</legend>
      <div class="pair">
        <TextField
          label={w.t('form.name_vi')}
          value={r.name?.vi ?? ''}
          set={(v) => put(['name', 'vi'], v || undefined)}
        />
        <TextField
          label={w.t('form.name_en')}
          value={r.name?.en ?? ''}
          set={(v) => put(['name', 'en'], v || undefined)}
        />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={r.enabled !== false}
          onChange={(e) => put(['enabled'], e.currentTarget.checked ? undefined : false)}
        />
        {w.t('form.enabled')}
      </label>
      <Where rule={r} />
      {levels ? <Levels rule={r} /> : <OneSeverity rule={r} />}
      <fieldset>
        <legend>{w.t('form.when')}</legend>
        <div class="quad">
          {r.on === 'silence' || r.on === 'status' || r.on === 'unusable' ? (
            <DurationField label={w.t('form.after')} value={r.after} set={(v) => put(['after'], v)} />
          ) : null}
          {r.on !== 'silence' && <DurationField label={w.t('form.for')} value={r.for} set={(v) => put(['for'], v)} />}
          {levels && (
            <NumberField
              label={w.t('form.immediate')}
              unit={w.t('form.times')}
              value={r.immediate}
              set={(v) => put(['immediate'], v)}
            />
          )}
          {levels && (
            <NumberField
              label={w.t('form.clear')}
              unit={w.t('form.clear_unit')}
              scale={100}
              value={r.clear}
              set={(v) => put(['clear'], v)}
            />
          )}
          <DurationField label={w.t('form.keep_open')} value={r.keep_open} set={(v) => put(['keep_open'], v)} />
        </div>
      </fieldset>
    </fieldset>
  )
}

function Where({ rule: r }: FormProps) {
  const w = words.value
  const codes = [...parameters.value.values()].map((p) => ({ id: p.code, text: w.text(p.name) }))
  const whole = r.on === 'expression'
  return (
    <fieldset>
      <legend>{w.t('form.where')}</legend>
      <div class="matcher">
        {!whole && (
          <Picker
            label={w.t('form.parameters')}
            none={w.t('form.every')}
            options={codes}
            chosen={r.parameters ?? []}
            choose={(ids) => put(['parameters'], ids)}
          />
        )}
        {!whole && (
          <Picker
            label={w.t('form.except')}
            none={w.t('form.none')}
            options={codes}
            chosen={r.except ?? []}
            choose={(ids) => put(['except'], ids)}
          />
        )}
        <Picker
          label={w.t('form.parks')}
          none={w.t('form.every')}
          options={[...parks.value.values()].map((p) => ({ id: p.id, text: w.text(p.name) }))}
          chosen={r.parks ?? []}
          choose={(ids) => put(['parks'], ids)}
        />
        <Picker
          label={w.t('form.stations')}
          none={w.t('form.every')}
          options={[...stations.value.values()].map((s) => ({
            id: s.id,
            text: w.text(s.name),
            group: w.text(parks.value.get(s.park)?.name),
          }))}
          chosen={r.stations ?? []}
          choose={(ids) => put(['stations'], ids)}
        />
      </div>
    </fieldset>
  )
}

function Levels({ rule: r }: FormProps) {
  const w = words.value
  const bounds = Object.values(r.levels ?? {}).some((l) => typeof l === 'object')
  return (
    <fieldset>
      <legend>{w.t('form.levels')}</legend>
      <p class="note">{w.t(bounds ? 'form.levels_bounds' : 'form.levels_hint')}</p>
      {!bounds && (
        <div class="quad">
          {SEVERITIES.toReversed().map((s) => {
            const level = r.levels?.[s]
            return (
              <NumberField
                key={s}
                label={w.t(`severity.${s}`)}
                unit={w.t('form.times')}
                value={typeof level === 'number' ? level : undefined}
                set={(v) => put(['levels', s], v)}
              />
            )
          })}
        </div>
      )}
    </fieldset>
  )
}

function OneSeverity({ rule: r }: FormProps) {
  const w = words.value
  return (
    <label>
      {w.t('form.severity')}
      <select value={r.severity ?? 'warning'} onChange={(e) => put(['severity'], e.currentTarget.value)}>
        {SEVERITIES.map((s) => (
          <option key={s} value={s}>
            {w.t(`severity.${s}`)}
          </option>
        ))}
      </select>
    </label>
  )
}
