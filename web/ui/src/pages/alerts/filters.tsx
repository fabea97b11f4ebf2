import { placeName } from '../../alert.ts'
import { rules } from '../../mutes/state.ts'
import { shortName } from '../../panels/figures.ts'
import { Segments } from '../../parts/segments.tsx'
import { refine } from '../../router.ts'
import { openAlerts, parameters, parks, stations, words } from '../../state.ts'
import { SEVERITIES } from '../../wire.ts'
import { isNarrow, NOTHING, SPANS, type Span, STATES } from './filter.ts'
import { filter, grouped, list } from './state.ts'

type Options = [string, string][]

/** The filter stands in the address, so that a list can be sent to somebody as a link. */
export function Filters() {
  const w = words.value
  const f = filter.value
  return (
    <div class="filters">
      <Segments
        label={w.t('alerts.state')}
        options={STATES.map((s) => [s, w.t(`alerts.${s}`)] as const)}
        value={f.state}
        choose={(s) => refine({ state: s === 'open' ? '' : s })}
      />
      <div class="narrow">
        <Choice
          name="severity"
          label={w.t('alert.severity')}
          any={w.t('alerts.any_severity')}
          options={SEVERITIES.map((s) => [s, w.t(`severity.${s}`)])}
        />
        <Choice
          name="park"
          label={w.t('col.park')}
          any={w.t('alerts.any_park')}
          options={sorted([...parks.value.values()].map((p) => [p.id, w.text(p.name)]))}
        />
        <Choice name="station" label={w.t('col.station')} any={w.t('alerts.any_station')} options={stationOptions()} />
        <Choice
          name="parameter"
          label={w.t('col.parameter')}
          any={w.t('alerts.any_parameter')}
          options={[...parameters.value.keys()].map((c) => [c, shortName(c, parameters.value, w)])}
        />
        <Choice
          name="rule"
          label={w.t('alert.rule')}
          any={w.t('alerts.any_rule')}
          options={[...rules.value].map(([id, name]) => [id, w.text(name) || id])}
        />
        <Choice
          name="span"
          label={w.t('alerts.opened')}
          any={w.t('alerts.any_time')}
          options={(Object.keys(SPANS) as Span[]).map((s) => [s, w.t(`alerts.${s}`)])}
        />
      </div>
      <label class="check" title={w.t('alerts.grouped_why')}>
        <input
          type="checkbox"
          checked={grouped.value}
          onChange={(e) => refine({ group: e.currentTarget.checked ? '' : 'none' })}
        />
        {w.t('alerts.grouped')}
      </label>
      {isNarrow(f) && (
        <button type="button" class="link" onClick={() => refine(NOTHING)}>
          {w.t('alerts.clear')}
        </button>
      )}
    </div>
  )
}

interface ChoiceProps {
  name: 'severity' | 'park' | 'station' | 'parameter' | 'rule' | 'span'
  label: string
  any: string
  options: Options
}

/** A value of the address that is no known one is offered as it stands, so that it can be seen and taken away. */
function Choice({ name, label, any, options }: ChoiceProps) {
  const value = filter.value[name]
  const known = value === '' || options.some(([id]) => id === value)
  const all = known ? options : [...options, [value, value] as [string, string]]
  return (
    <select
      aria-label={label}
      value={value}
      data-on={value !== ''}
      onChange={(e) => refine({ [name]: e.currentTarget.value })}
    >
      <option value="">{any}</option>
      {all.map(([id, text]) => (
        <option key={id} value={id}>
          {text}
        </option>
      ))}
    </select>
  )
}

/** Those of the chosen park; without one, those that have alerts, since nobody looks through a thousand names. */
function stationOptions(): Options {
  const w = words.value
  const { park } = filter.value
  if (park)
    return sorted([...stations.value.values()].filter((s) => s.park === park).map((s) => [s.id, w.text(s.name)]))
  const met = new Map<string, string>()
  const all = [...openAlerts.value.values(), ...(list.state.value.value?.items ?? [])]
  for (const a of all) if (a.station?.id) met.set(a.station.id, placeName(a, w))
  return sorted([...met])
}

function sorted(options: Options): Options {
  return options.sort((a, b) => a[1].localeCompare(b[1], words.value.language))
}
