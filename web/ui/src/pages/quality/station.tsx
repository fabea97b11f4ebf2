import { useEffect, useRef } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import type { StationFigures } from '../../wire-quality.ts'
import { chosen, chosenFigures, parkName, refresh, stationName, strip } from './state.ts'
import { StripTable } from './strip.tsx'
import { TodoList } from './todo.tsx'

/** What can be said of one station: what to do, and when its data came. */
export function StationPart() {
  const w = words.value
  const id = chosen.value
  const s = chosenFigures.value
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (id) heading.current?.focus()
  }, [id])
  const title = stationName(id)
  const { status, value, error } = strip.state.value
  return (
    <section class="one-station" aria-label={title}>
      <div class="body-head">
        <h3 ref={heading} tabIndex={-1}>
          {title}
        </h3>
        {s && <small>{parkName(s.park)}</small>}
        {s && <small>{heard(s)}</small>}
        {s?.since && <small>{w.t('six.since', { from: w.fullDay(s.since) })}</small>}
        <button type="button" class="quiet" onClick={() => refine({ station: '' })}>
          {w.t('act.close')}
        </button>
      </div>
      <p class="ways">
        <Link page="station" query={{ id }}>
          {w.t('six.open_station')}
        </Link>
        <Link page="ledger" query={{ range: '30d', q: id }}>
          {w.t('six.open_ledger')}
        </Link>
        <Link page="quarantine">{w.t('six.open_quarantine')}</Link>
        <Link page="decode">{w.t('six.open_decode')}</Link>
      </p>
      {s && <TodoList of={s.todo} station={id} />}
      {status === 'failed' && <Failed error={error} again={refresh} />}
      {status === 'loading' && !value && <Waiting />}
      {value && value.station === id && <StripTable of={value} />}
    </section>
  )
}

function heard(s: StationFigures): string {
  const w = words.value
  if (s.silent_seconds === null) return w.t('six.never')
  if (s.silent_seconds > 0) return w.t('six.silent', { age: w.span(s.silent_seconds * 1000) })
  return w.t('six.alive_now')
}
