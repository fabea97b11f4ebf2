import { Picker } from '../../mutes/picker.tsx'
import { parks, stations, words } from '../../state.ts'
import { SEVERITIES, type Severity } from '../../wire.ts'
import { EVENTS, type NoticeFilter } from '../../wire-notices.ts'

interface FilterProps {
  filter: NoticeFilter
  change: (filter: NoticeFilter) => void
}

/** Which alerts a recipient is told of; nothing chosen means all. */
export function FilterFields({ filter: f, change }: FilterProps) {
  const w = words.value
  return (
    <fieldset>
      <legend>{w.t('hooks.filter')}</legend>
      <div class="matcher">
        <Picker
          label={w.t('hooks.parks')}
          none={w.t('hooks.all')}
          options={[...parks.value.values()].map((p) => ({ id: p.id, text: w.text(p.name) }))}
          chosen={f.parks}
          choose={(ids) => change({ ...f, parks: ids })}
        />
        <Picker
          label={w.t('hooks.stations')}
          none={w.t('hooks.all')}
          options={[...stations.value.values()].map((s) => ({
            id: s.id,
            text: w.text(s.name),
            group: w.text(parks.value.get(s.park)?.name),
          }))}
          chosen={f.stations}
          choose={(ids) => change({ ...f, stations: ids })}
        />
        <Picker
          label={w.t('hooks.severities')}
          none={w.t('hooks.all')}
          options={SEVERITIES.map((s) => ({ id: s, text: w.t(`severity.${s}`) }))}
          chosen={f.severities}
          choose={(ids) => change({ ...f, severities: ids as Severity[] })}
        />
        <label class="check">
          <input type="checkbox" checked={f.late} onChange={(e) => change({ ...f, late: e.currentTarget.checked })} />
          {w.t('hooks.late')}
        </label>
      </div>
    </fieldset>
  )
}

interface EventsProps {
  /** What none chosen means. */
  usual: string
  chosen: readonly string[]
  choose: (events: string[]) => void
}

export function EventField({ usual, chosen, choose }: EventsProps) {
  const w = words.value
  return (
    <Picker
      label={w.t('hooks.events')}
      none={usual}
      options={EVENTS.map((e) => ({ id: e, text: w.named('event', e) }))}
      chosen={chosen}
      choose={choose}
    />
  )
}
