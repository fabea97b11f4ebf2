import '../../styles/panel.css'
import '../../styles/lists.css'
import '../../styles/station.css'
import '../../styles/chart.css'
import '../../styles/print.css'
import { useEffect } from 'preact/hooks'
import { shortName } from '../../panels/figures.ts'
import { ParameterTable } from '../../panels/parameters.tsx'
import { StateSign } from '../../panels/sign.tsx'
import { Copy } from '../../parts/copy.tsx'
import { Link } from '../../parts/link.tsx'
import { Empty, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { PrintHead } from '../../parts/print-head.tsx'
import { followPrint } from '../../print.ts'
import { followSparks } from '../../sparks.ts'
import { parameters, parks, words } from '../../state.ts'
import type { Station } from '../../wire.ts'
import { BooksCard } from './books.tsx'
import { StationChart } from './chart.tsx'
import { spanText } from './export.ts'
import { Law } from './law.tsx'
import { OpenAlerts } from './open-alerts.tsx'
import { OwnSpan } from './own-span.tsx'
import { PassportCard } from './passport.tsx'
import { RowsCard } from './rows.tsx'
import { followStationPage, id, main, missing, parameter, showParameter, span, station } from './state.ts'
import { Summary } from './summary.tsx'
import { Toolbar } from './toolbar.tsx'

/** One station: how it stands, what it has measured and against which law, its papers, its books. */
export function StationPage() {
  const w = words.value
  useEffect(followStationPage, [])
  useEffect(followPrint, [])
  const s = station.value
  const codes = s?.parameters.join(' ') ?? ''
  useEffect(() => {
    if (s) return followSparks(s.id, s.parameters, Date.now)
    return undefined
  }, [s?.id, codes])
  if (!s)
    return (
      <PageFrame name="station" title={w.t('page.station')} lead={id.value}>
        {missing.value ? <Empty text={w.t('station.not_there')} hint={w.t('station.not_there_hint')} /> : <Waiting />}
      </PageFrame>
    )
  return (
    <PageFrame key={s.id} name="station" title={w.text(s.name)} lead={leadOf(s)} acts={<Acts of={s} />}>
      <PrintHead title={w.t('print.station')} lines={[w.text(s.name), leadOf(s)]} />
      <div class="station-grid">
        <div class="station-side">
          <section class="station-now" aria-label={w.t('panel.parameters')}>
            <Standing of={s} />
            <ParameterTable station={s} chosen={parameter.value} choose={showParameter} />
          </section>
          <PassportCard station={s} />
        </div>
        <div class="station-main">
          <OpenAlerts station={s.id} />
          <section class="card chart-card" aria-labelledby="chart-head">
            <div class="card-head">
              <h3 id="chart-head">
                {parameterName(main.value.parameter)}
                <small class="on-paper">{spanText(span.value, w)}</small>
              </h3>
              <OwnSpan />
            </div>
            <Toolbar />
            <Summary />
            <StationChart />
            <Law />
            <p class="note">{w.t('alert.basis_note')}</p>
          </section>
          <BooksCard />
          <RowsCard />
        </div>
      </div>
    </PageFrame>
  )
}

/** "COD · Nhu cầu oxy hóa học (COD)": the short name and the full one, where they differ. */
function parameterName(code: string): string {
  const w = words.value
  const full = w.text(parameters.value.get(code)?.name)
  const short = shortName(code, parameters.value, w)
  return full && full !== short ? `${short} · ${full}` : short
}

function leadOf(s: Station): string {
  const w = words.value
  return [w.named('kind', s.kind), w.text(parks.value.get(s.park)?.name)].filter(Boolean).join(' · ')
}

function Standing({ of: s }: { of: Station }) {
  const w = words.value
  return (
    <p class="standing-now">
      <StateSign state={s.state} />
      <b>{w.t(`state.${s.state}`)}</b>
      {s.index !== null && <span class="soft">{w.t('station.index', { ratio: w.ratio(s.index) })}</span>}
    </p>
  )
}

function Acts({ of: s }: { of: Station }) {
  const w = words.value
  return (
    <>
      <Link page="map" class="quiet" query={{ station: s.id }}>
        {w.t('station.on_map')}
      </Link>
      <Link page="alerts" class="quiet" query={{ station: s.id, state: 'any' }}>
        {w.t('station.all_alerts')}
      </Link>
      <Copy text={location.href} of={w.t('station.link')} label={w.t('act.copy_link')} />
      <button type="button" class="quiet" onClick={() => window.print()}>
        {w.t('act.print')}
      </button>
    </>
  )
}
