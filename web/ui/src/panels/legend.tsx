import { hotspots, lookAt, shown, stateCounts, toggleState, words } from '../state.ts'
import { STATES } from '../wire.ts'
import { StateSign } from './sign.tsx'

/** The key of the map; each line also hides and shows its stations, on the map and in the list. */
export function Legend() {
  const w = words.value
  const n = stateCounts.value
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
      <div class="keys-of-map">
        <p>
          <svg viewBox="0 0 24 24" aria-hidden="true" class="disc">
            <circle cx="12" cy="12" r="10" />
            <circle cx="12" cy="12" r="4" class="dot" />
          </svg>
          {w.t('map.size')}
        </p>
        <p>
          <b aria-hidden="true">+3</b>
          {w.t('map.cluster_key')}
        </p>
        {hotspots.value.features.length > 0 && (
          <p>
            <svg viewBox="0 0 24 16" aria-hidden="true" class="spot">
              <rect x="1.5" y="1.5" width="21" height="13" rx="6" />
            </svg>
            {w.t('legend.hotspot')}
          </p>
        )}
      </div>
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
