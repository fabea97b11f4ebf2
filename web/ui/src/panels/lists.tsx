import { told } from '../alert.ts'
import { hotspots, openAlerts, stations, type Tab, tab, words } from '../state.ts'
import { AlertList, NewestAlert } from './alerts.tsx'
import { HotspotList } from './hotspots.tsx'
import { StationList } from './stations.tsx'

const TABS: Tab[] = ['alerts', 'stations', 'hotspots']

/** The three lists beside the map. Everything that the map shows can be reached here without a pointer. */
export function Lists() {
  const w = words.value
  const n: Record<Tab, number> = {
    alerts: told(openAlerts.value).length,
    stations: stations.value.size,
    hotspots: hotspots.value.features.length,
  }
  const onKey = (e: KeyboardEvent) => {
    const step = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    e.preventDefault()
    const next = TABS[(TABS.indexOf(tab.value) + step + TABS.length) % TABS.length] ?? 'alerts'
    tab.value = next
    document.getElementById(`tab-${next}`)?.focus()
  }
  return (
    <aside class="lists" aria-label={w.t('list.label')}>
      <div role="tablist" aria-label={w.t('list.label')} onKeyDown={onKey}>
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={tab.value === name}
            aria-controls="list"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => {
              tab.value = name
            }}
          >
            {w.t(`tab.${name}`)}
            <span class="n">{n[name]}</span>
          </button>
        ))}
      </div>
      <NewestAlert />
      <div id="list" role="tabpanel" aria-labelledby={`tab-${tab.value}`} tabIndex={-1}>
        {tab.value === 'alerts' && <AlertList />}
        {tab.value === 'stations' && <StationList />}
        {tab.value === 'hotspots' && <HotspotList />}
      </div>
    </aside>
  )
}
