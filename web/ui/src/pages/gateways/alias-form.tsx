import { useDraft } from '../../parts/draft.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { parameters, stations, words } from '../../state.ts'
import type { NewMapping } from '../../wire-doors.ts'
import { aliases } from './client.ts'
import { type MappingDraft, mappingOf, NEW_MAPPING, wrongMapping } from './forms.ts'
import { takeMapping } from './state.ts'

const KINDS: NewMapping['kind'][] = ['parameter', 'station', 'topic']
const DIALECTS = [
  'native',
  'circular10',
  'hj212',
  'sparkplug',
  'line_protocol',
  'senml',
  'senml_cbor',
  'lora',
  'chirpstack_protobuf',
  'thingsboard',
  'neuron',
  'telegraf',
  'sensorthings',
  'tagged',
  'flat',
  'single',
]

/** The form of a mapping. What it asks for depends on the kind of name. */
export function AddMapping({ onClose }: { onClose: () => void }) {
  const w = words.value
  const {
    draft: d,
    change,
    told,
    busy,
    onSubmit,
  } = useDraft<MappingDraft>({
    first: NEW_MAPPING,
    wrong: wrongMapping,
    save: async (made) => takeMapping(await aliases.add(mappingOf(made))),
    onClose,
  })
  return (
    <FormDialog
      title={w.t('aliases.add')}
      act={w.t('act.add')}
      told={told}
      busy={busy}
      onSubmit={onSubmit}
      onClose={onClose}
    >
      <label>
        {w.t('aliases.kind')}
        <select
          value={d.kind}
          onChange={(e) => change({ kind: KINDS.find((k) => k === e.currentTarget.value) ?? 'parameter', target: '' })}
        >
          {KINDS.map((k) => (
            <option key={k} value={k}>
              {w.t(`aliases.${k}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {w.t(d.kind === 'topic' ? 'aliases.pattern' : 'aliases.name')}
        <input
          name="name"
          required
          spellcheck={false}
          autocomplete="off"
          placeholder={d.kind === 'topic' ? 'kcn/amata/#' : ''}
          value={d.name}
          onInput={(e) => change({ name: e.currentTarget.value })}
        />
      </label>
      <Target draft={d} change={change} />
      {d.kind === 'parameter' && <ParameterParts draft={d} change={change} />}
      {d.kind === 'topic' && <TopicParts draft={d} change={change} />}
    </FormDialog>
  )
}

interface PartProps {
  draft: MappingDraft
  change: (part: Partial<MappingDraft>) => void
}

function Target({ draft: d, change }: PartProps) {
  const w = words.value
  const options: [string, string][] =
    d.kind === 'parameter'
      ? [...parameters.value.values()].map((p) => [p.code, w.text(p.name)])
      : [...stations.value.values()].map((s) => [s.id, w.text(s.name)])
  return (
    <label>
      {w.t('aliases.target')}
      <select name="target" required value={d.target} onChange={(e) => change({ target: e.currentTarget.value })}>
        <option value="">{w.t('decode.choose')}</option>
        {options.map(([value, name]) => (
          <option key={value} value={value}>
            {name} ({value})
          </option>
        ))}
      </select>
    </label>
  )
}

function ParameterParts({ draft: d, change }: PartProps) {
  const w = words.value
  return (
    <>
      <label>
        {w.t('aliases.scope')}
        <select value={d.station} onChange={(e) => change({ station: e.currentTarget.value })}>
          <option value="">{w.t('aliases.everywhere')}</option>
          {[...stations.value.values()].map((s) => (
            <option key={s.id} value={s.id}>
              {w.text(s.name)}
            </option>
          ))}
        </select>
      </label>
      <div class="pair">
        <label>
          <span>
            {w.t('aliases.unit')} <small>{w.t('decode.optional')}</small>
          </span>
          <input value={d.unit} autocomplete="off" onInput={(e) => change({ unit: e.currentTarget.value })} />
        </label>
        <label>
          <span>
            {w.t('aliases.factor')} <small>{w.t('decode.optional')}</small>
          </span>
          <input
            value={d.factor}
            inputMode="decimal"
            autocomplete="off"
            onInput={(e) => change({ factor: e.currentTarget.value })}
          />
        </label>
      </div>
    </>
  )
}

function TopicParts({ draft: d, change }: PartProps) {
  const w = words.value
  return (
    <div class="pair">
      <label>
        {w.t('aliases.dialect')}
        <select value={d.dialect} onChange={(e) => change({ dialect: e.currentTarget.value })}>
          <option value="">{w.t('aliases.any_dialect')}</option>
          {DIALECTS.map((name) => (
            <option key={name} value={name}>
              {w.named('dialect', name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {w.t('aliases.one_parameter')}
        <select value={d.parameter} onChange={(e) => change({ parameter: e.currentTarget.value })}>
          <option value="">{w.t('aliases.by_payload')}</option>
          {[...parameters.value.values()].map((p) => (
            <option key={p.code} value={p.code}>
              {w.text(p.name)}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
