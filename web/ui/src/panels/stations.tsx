import { computed } from '@preact/signals'
import { worstParameter } from '../history.ts'
import { openStation, parameters, parks, pointed, selectedStation, shown, stations, words } from '../state.ts'
import { STATES, type Station } from '../wire.ts'
import { shortName } from './figures.ts'
import { StateSign } from './sign.tsx'

/** The shown stations: worst state first, then nearest to a limit, then by name. */
const sorted = computed(() => {
  const visible = [...stations.value.values()].filter((s) => shown.value.has(s.state))
  return visible.sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
      (b.index ?? -1) - (a.index ?? -1) ||
      a.name.vi.localeCompare(b.name.vi, 'vi'),
  )
})

export function StationList() {
  const w = words.value
  if (sorted.value.length === 0) return <p class="empty">{w.t('stations.none')}</p>
  return (
    <ul class="stations">
      {sorted.value.map((s) => (
        <StationRow key={s.id} station={s} />
      ))}
    </ul>
  )
}

function StationRow({ station: s }: { station: Station }) {
  const w = words.value
  const point = (id: string | null) => () => {
    pointed.value = id
  }
  const worst = s.index === null ? null : worstParameter(s)
  return (
    <li>
      <button
        type="button"
        aria-pressed={selectedStation.value === s.id}
        data-station={s.id}
        onClick={() => openStation(s.id)}
        onMouseEnter={point(s.id)}
        onMouseLeave={point(null)}
        onFocus={point(s.id)}
        onBlur={point(null)}
      >
        <StateSign state={s.state} />
        <span class="name">
          <span class="where">{w.text(s.name)}</span>
          <span class="park">
            {w.t(`state.${s.state}`)} · {w.text(parks.value.get(s.park)?.name)}
          </span>
        </span>
        {s.index !== null && (
          <span class="index" title={w.t('stations.index')}>
            <b>{w.ratio(s.index)}×</b>
            {worst && <small>{shortName(worst, parameters.value, w)}</small>}
          </span>
        )}
      </button>
    </li>
  )
}
