import { useSignal } from '@preact/signals'
import { clearFilters, follow, heat, kind, kinds, narrow, parameter, park, passed, wrong } from '../filters.ts'
import type { Words } from '../i18n/format.ts'
import { shareLink } from '../map-place.ts'
import { Copy } from '../parts/copy.tsx'
import { parameters, parks, stations, words } from '../state.ts'
import { shortName } from './figures.ts'

/** What narrows the map and its lists, and what the map does by itself. On a phone the filters stand behind one press. */
export function MapBar() {
  const w = words.value
  const open = useSignal(false)
  const n = narrow.value
  return (
    <section class={open.value ? 'map-bar open' : 'map-bar'} aria-label={w.t('map.tools')}>
      <button
        type="button"
        class="quiet toggle"
        aria-expanded={open.value}
        aria-controls="map-filters"
        onClick={() => {
          open.value = !open.value
        }}
      >
        {n > 0 ? w.t('map.filters_on', { n }) : w.t('map.filters')}
      </button>
      <div id="map-filters" class="tools">
        <Choices />
        <Switch on={wrong} text={w.t('map.wrong')} hint={w.t('map.wrong_hint')} keys="w" />
        <Switch on={follow} text={w.t('map.follow')} hint={w.t('map.follow_hint')} keys="f" />
        <Switch on={heat} text={w.t('map.heat')} hint={w.t('map.heat_hint')} keys="h" />
        <Copy text={shareLink} of={w.t('map.share_of')} label={w.t('map.share')} />
      </div>
      {n > 0 && (
        <p class="narrowed">
          <span role="status">
            {w.t('map.passed', { n: w.count(passed.value), all: w.count(stations.value.size) })}
          </span>
          <button type="button" class="link" onClick={clearFilters}>
            {w.t('map.clear')}
          </button>
        </p>
      )}
    </section>
  )
}

function Choices() {
  const w = words.value
  const codes = [...parameters.value.keys()]
  return (
    <>
      <Choice chosen={park} label={w.t('map.park')} all={w.t('map.all_parks')} options={parkOptions(w)} />
      <Choice
        chosen={parameter}
        label={w.t('map.parameter')}
        all={w.t('map.all_parameters')}
        options={codes.map((code) => [code, shortName(code, parameters.value, w)])}
      />
      {kinds.value.length > 1 && (
        <Choice
          chosen={kind}
          label={w.t('map.kind')}
          all={w.t('map.all_kinds')}
          options={kinds.value.map((k) => [k, w.named('kind', k)])}
        />
      )}
    </>
  )
}

function parkOptions(w: Words): [string, string][] {
  const options = [...parks.value.values()].map((p): [string, string] => [p.id, w.text(p.name)])
  return options.sort(([, a], [, b]) => a.localeCompare(b, w.language, { numeric: true }))
}

interface ChoiceProps {
  chosen: { value: string }
  label: string
  all: string
  options: readonly (readonly [string, string])[]
}

function Choice({ chosen, label, all, options }: ChoiceProps) {
  return (
    <select
      class={chosen.value ? 'quiet on' : 'quiet'}
      aria-label={label}
      value={chosen.value}
      onChange={(e) => {
        chosen.value = e.currentTarget.value
      }}
    >
      <option value="">{all}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  )
}

interface SwitchProps {
  on: { value: boolean }
  text: string
  hint: string
  keys: string
}

function Switch({ on, text, hint, keys }: SwitchProps) {
  return (
    <button
      type="button"
      class={on.value ? 'quiet on' : 'quiet'}
      aria-pressed={on.value}
      aria-keyshortcuts={keys}
      title={hint}
      onClick={() => {
        on.value = !on.value
      }}
    >
      {text}
    </button>
  )
}
