import '../../styles/upstream.css'
import { useEffect } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { askedFor, type Candidate, followUpstream, lookUpstream, upstream } from './upstream.ts'

/** The outfalls up the river from which it may have come. */
export function UpstreamSection({ alert: a }: { alert: Alert }) {
  const w = words.value
  useEffect(followUpstream, [])
  if (a.station.id === '' || a.parameter === null) return null
  const { status, value, error } = upstream.state.value
  const asked = askedFor.value === a.id
  return (
    <section class="upstream" aria-labelledby="upstream-title">
      <div class="body-head">
        <h4 id="upstream-title">{w.t('upstream.title')}</h4>
        {!asked && (
          <button type="button" class="quiet" onClick={() => lookUpstream(a.id)}>
            {w.t('upstream.ask')}
          </button>
        )}
      </div>
      {asked && status === 'loading' && <Waiting />}
      {asked && status === 'failed' && <Failed error={error} again={() => lookUpstream(a.id)} />}
      {asked && status === 'ready' && value && (
        <>
          {value.reason && <p role="status">{w.named('upstream.reason', value.reason)}</p>}
          {value.items.length > 0 && (
            <>
              <p class="soft">{w.t('upstream.hint')}</p>
              <ol>
                {value.items.map((c) => (
                  <li key={c.station}>
                    <Row candidate={c} />
                  </li>
                ))}
              </ol>
            </>
          )}
        </>
      )}
    </section>
  )
}

function Row({ candidate: c }: { candidate: Candidate }) {
  const w = words.value
  const kg = (n: number) => w.t('upstream.kg_day', { n: w.number(n, 0) })
  return (
    <>
      <Link page="map" query={{ station: c.station }}>
        {w.text(c.name) || c.station}
      </Link>
      <span class="change">
        {c.change === null ? (
          w.t('upstream.unknown')
        ) : (
          <>
            <b>
              {c.change > 0 ? '+' : ''}
              {kg(c.change)}
            </b>{' '}
            {c.baseline_kg_day !== null && <small>{w.t('upstream.usual', { n: kg(c.baseline_kg_day) })}</small>}
          </>
        )}
      </span>
      <small>
        {w.t('upstream.way', { km: w.number(c.distance_km, 1), hours: w.number(c.travel_hours, 1) })} · {w.date(c.at)}
      </small>
    </>
  )
}
