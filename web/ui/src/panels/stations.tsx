import { computed, signal } from '@preact/signals'
import { indexOf, parameter, passes, slowStations } from '../filters.ts'
import { worstParameter } from '../history.ts'
import { Pulse } from '../parts/pulse.tsx'
import { openStation, parameters, parks, pointed, selectedStation, stations, words } from '../state.ts'
import { STATES, type Station } from '../wire.ts'
import { shortName } from './figures.ts'
import { StateSign } from './sign.tsx'

/** Made once: `localeCompare` makes one for each comparison. */
const byName = new Intl.Collator('vi')

/** How many rows are drawn at first, and how many more at a press: ten thousand at once would hold up the page. */
const ROWS = 150
const rows = signal(ROWS)

/** The shown stations: worst state first, then nearest to a limit, then by name. */
const sorted = computed(() => {
  const visible = [...slowStations.value.values()].filter(passes.value)
  return visible.sort(
    (a, b) =>
      STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
      (indexOf(b) ?? -1) - (indexOf(a) ?? -1) ||
      byName.compare(a.name.vi, b.name.vi),
  )
})

export function StationList() {
  const w = words.value
  if (sorted.value.length === 0) return <p class="empty">{w.t('stations.none')}</p>
  const rest = sorted.value.length - rows.value
  return (
    <ul class="stations">
      {sorted.value.slice(0, rows.value).map((s) => (
        <StationRow key={s.id} station={stations.value.get(s.id) ?? s} />
      ))}
      {rest > 0 && (
        <li class="more-rows">
          <button
            type="button"
            class="link"
            onClick={() => {
              rows.value += ROWS
            }}
          >
            {w.t('stations.more', { n: Math.min(rest, ROWS) })}
          </button>
        </li>
      )}
    </ul>
  )
}

function StationRow({ station: s }: { station: Station }) {
  const w = words.value
  const point = (id: string | null) => () => {
    pointed.value = id
  }
  const index = indexOf(s)
  const worst = index === null ? null : parameter.value || worstParameter(s)
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
        {index !== null && (
          <span class="index" title={w.t('stations.index')}>
            <b>
              <Pulse on={worst ? s.latest[worst]?.measured_at : undefined}>{w.ratio(index)}×</Pulse>
            </b>
            {worst && <small>{shortName(worst, parameters.value, w)}</small>}
          </span>
        )}
      </button>
    </li>
  )
}
