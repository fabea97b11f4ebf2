import { hotspots, lookAt, shown, stations, toggleState, words } from '../state.ts'
import { counts } from '../store.ts'
import { STATES } from '../wire.ts'
import { StateSign } from './sign.tsx'

/** The key of the map; each line also hides and shows its stations, on the map and in the list. */
export function Legend() {
  const w = words.value
  const n = counts(stations.value)
  return (
    <section class="legend" aria-label={w.t('legend.title')}>
      <h2>{w.t('legend.title')}</h2>
      <ul>
        {STATES.map((s) => (
          <li key={s}>
            <button
              type="button"
              aria-pressed={shown.value.has(s)}
              title={w.t('legend.hint')}
              onClick={() => toggleState(s)}
            >
              <StateSign state={s} />
              <span class="text">{w.t(`state.${s}`)}</span>
              <span class="n">{n[s]}</span>
            </button>
          </li>
        ))}
      </ul>
      {hotspots.value.features.length > 0 && (
        <p class="hotspot-key">
          <svg viewBox="0 0 24 16" aria-hidden="true">
            <rect x="1.5" y="1.5" width="21" height="13" rx="6" />
          </svg>
          {w.t('legend.hotspot')}
        </p>
      )}
      <p class="foot">
        {w.t('legend.schematic')} · Natural Earth
        <button
          type="button"
          class="link"
          onClick={() => {
            lookAt.value = 'all'
          }}
        >
          {w.t('map.reset')}
        </button>
      </p>
    </section>
  )
}
