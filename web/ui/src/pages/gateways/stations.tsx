import { useSignal } from '@preact/signals'
import { plain } from '../../i18n/format.ts'
import { stations, words } from '../../state.ts'

/** How many names stand in a line before they are only counted. */
const NAMED = 2

/** The stations that a gateway may send for, in few words. */
export function StationNames({ ids }: { ids: readonly string[] }) {
  const w = words.value
  if (ids.includes('*')) return <b>{w.t('gateways.all_stations')}</b>
  const rest = ids.length - NAMED
  return (
    <span title={ids.join(', ')}>
      {ids
        .slice(0, NAMED)
        .map((id) => w.text(stations.value.get(id)?.name) || id)
        .join(', ')}
      {rest > 0 && ` +${rest}`}
    </span>
  )
}

interface ChooserProps {
  chosen: readonly string[]
  change: (chosen: string[]) => void
}

/** A list of check boxes with a search over it: there may be hundreds of stations. */
export function StationChooser({ chosen, change }: ChooserProps) {
  const w = words.value
  const query = useSignal('')
  const wanted = plain(query.value).split(/\s+/).filter(Boolean)
  const shown = [...stations.value.values()].filter((s) => {
    const hay = plain(`${s.name.vi} ${s.name.en} ${s.id}`)
    return wanted.every((word) => hay.includes(word))
  })
  const toggle = (id: string) => {
    change(chosen.includes(id) ? chosen.filter((c) => c !== id) : [...chosen, id])
  }
  return (
    <div class="chooser">
      <input
        type="search"
        aria-label={w.t('gateways.find_station')}
        placeholder={w.t('gateways.find_station')}
        value={query.value}
        onInput={(e) => {
          query.value = e.currentTarget.value
        }}
      />
      <ul>
        {shown.map((s) => (
          <li key={s.id}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(s.id)} onChange={() => toggle(s.id)} />
              <span>
                {w.text(s.name)} <small>{s.id}</small>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <p class="note" role="status">
        {w.t('gateways.chosen', { n: chosen.length })}
      </p>
    </div>
  )
}
