import { Figures } from '../../panels/alerts.tsx'
import { basisText } from '../../panels/figures.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { Link } from '../../parts/link.tsx'
import { now, rankedAlerts, words } from '../../state.ts'

/** What is open at this station, worst first. */
export function OpenAlerts({ station }: { station: string }) {
  const w = words.value
  const own = rankedAlerts.value.filter((a) => a.station?.id === station)
  if (own.length === 0) return null
  return (
    <section class="station-alerts" aria-label={w.t('panel.alerts')}>
      <ul>
        {own.map((a) => (
          <li key={a.id} class={`alert ${a.severity}`}>
            <Link page="alerts" query={{ alert: a.id }}>
              <SeveritySign severity={a.severity} />
              <span class="basis">{basisText(a, w)}</span>
              <Figures alert={a} />
              <time dateTime={a.opened_at} title={w.moment(a.opened_at)}>
                {w.ago(a.opened_at, now.value)}
              </time>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
