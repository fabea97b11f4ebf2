import { stationOf } from '../alert.ts'
import { rankedAlerts, selectedAlert, words } from '../state.ts'
import type { Station } from '../wire.ts'
import { Figures } from './alerts.tsx'
import { SeveritySign } from './sign.tsx'

/** The open alerts of one station; pressing one shows its timeline. */
export function StationAlerts({ station }: { station: Station }) {
  const w = words.value
  const own = rankedAlerts.value.filter((a) => stationOf(a) === station.id)
  if (own.length === 0) return null
  return (
    <section class="own-alerts">
      <h3>{w.t('panel.alerts')}</h3>
      <ul>
        {own.map((a) => (
          <li key={a.id}>
            <button
              type="button"
              class={`alert ${a.severity}`}
              onClick={() => {
                selectedAlert.value = a.id
              }}
            >
              <SeveritySign severity={a.severity} />
              <Figures alert={a} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
