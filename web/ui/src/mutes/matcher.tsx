import { useEffect } from 'preact/hooks'
import { shortName } from '../panels/figures.ts'
import { parameters, parks, stations, words } from '../state.ts'
import { type Matcher, SEVERITIES, type Severity } from '../wire.ts'
import { type Option, Picker } from './picker.tsx'
import { fetchRules, rules } from './state.ts'

/** Which alerts: every field narrows it, an empty one does not. */
export function MatcherFields({ matcher: m, change }: { matcher: Matcher; change: (m: Matcher) => void }) {
  const w = words.value
  useEffect(fetchRules, [])
  const set = (field: keyof Matcher) => (ids: string[]) => {
    const { [field]: _, ...rest } = m
    change(ids.length === 0 ? rest : { ...rest, [field]: ids as Severity[] })
  }
  const byText = (a: Option, b: Option) => a.text.localeCompare(b.text, w.language)
  const parkOptions = [...parks.value.values()].map((p) => ({ id: p.id, text: w.text(p.name) })).sort(byText)
  const within = m.parks ?? []
  const stationOptions = [...stations.value.values()]
    .filter((s) => within.length === 0 || within.includes(s.park) || m.stations?.includes(s.id))
    .map((s) => ({ id: s.id, text: w.text(s.name), group: w.text(parks.value.get(s.park)?.name) || s.park }))
    .sort((a, b) => a.group.localeCompare(b.group, w.language) || byText(a, b))
  return (
    <div class="matcher">
      <Picker
        label={w.t('col.park')}
        none={w.t('mute.every_park')}
        options={parkOptions}
        chosen={within}
        choose={set('parks')}
      />
      <Picker
        label={w.t('col.station')}
        none={w.t('mute.every_station')}
        options={stationOptions}
        chosen={m.stations ?? []}
        choose={set('stations')}
      />
      <Picker
        label={w.t('col.parameter')}
        none={w.t('mute.every_parameter')}
        options={[...parameters.value.keys()].map((c) => ({ id: c, text: shortName(c, parameters.value, w) }))}
        chosen={m.parameters ?? []}
        choose={set('parameters')}
      />
      <Picker
        label={w.t('alert.rule')}
        none={w.t('mute.every_rule')}
        options={[...rules.value].map(([id, name]) => ({ id, text: w.text(name) || id }))}
        chosen={m.rules ?? []}
        choose={set('rules')}
      />
      <Picker
        label={w.t('alert.severity')}
        none={w.t('mute.every_severity')}
        options={SEVERITIES.map((s) => ({ id: s, text: w.t(`severity.${s}`) }))}
        chosen={m.severities ?? []}
        choose={set('severities')}
      />
    </div>
  )
}
