import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { DecodedView, Rejects } from '../../parts/decoded.tsx'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Hex, RawText } from '../../parts/raw.tsx'
import { Segments } from '../../parts/segments.tsx'
import { refine } from '../../router.ts'
import { can, words } from '../../state.ts'
import type { Quarantined } from '../../wire-doors.ts'
import { bytesOf, chosen, decoded, decodedOf, decodeEntry, entry, one } from './state.ts'

/** One delivery in quarantine: where it came from, why it is here, its bytes, and what it would be today. */
export function EntryView() {
  const w = words.value
  const { value, error, loading } = entry.value
  const heading = useRef<HTMLHeadingElement>(null)
  const id = value?.id
  useEffect(() => {
    if (id) heading.current?.focus({ preventScroll: true })
  }, [id])
  return (
    <section class="entry" aria-label={w.t('quarantine.detail')}>
      {chosen.value && (
        <button type="button" class="quiet back" onClick={() => refine({ entry: '' })}>
          ‹ {w.t('act.back')}
        </button>
      )}
      {!chosen.value && <Empty text={w.t('quarantine.choose')} />}
      {loading && <Waiting />}
      {error !== null && <Failed error={error} />}
      {value && (
        <>
          <h3 ref={heading} tabIndex={-1} class="entry-title">
            {w.moment(value.received_at)}
          </h3>
          <Origin entry={value} />
          <Acts entry={value} />
          <Rejects rejects={value.rejected ?? []} />
          <Body key={value.id} entry={value} />
          {decodedOf.value === value.id && <Today entry={value} />}
        </>
      )}
    </section>
  )
}

function Origin({ entry: e }: { entry: Quarantined }) {
  const w = words.value
  const rows: [string, string][] = [
    [w.t('col.gateway'), e.gateway],
    [w.t('col.door'), w.named('door', e.door)],
    [w.t('col.topic'), e.topic],
    [w.t('col.dialect'), e.dialect && w.named('dialect', e.dialect)],
  ]
  return (
    <>
      <dl class="origin">
        {rows.map(
          ([name, text]) =>
            text && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ),
        )}
      </dl>
      {e.accepted > 0 && <p class="note">{w.t('quarantine.stored_part', { n: w.count(e.accepted) })}</p>}
    </>
  )
}

function Acts({ entry: e }: { entry: Quarantined }) {
  const w = words.value
  const running = one.tally.value?.running ?? false
  return (
    <>
      <div class="entry-acts">
        {e.retried_at ? (
          <span class="mark">{w.t('quarantine.retried_at', { when: w.moment(e.retried_at) })}</span>
        ) : (
          can('admin') && (
            <button type="button" class="main" disabled={running} onClick={() => void one.run([e.id])}>
              {w.t('retry.one')}
            </button>
          )
        )}
        <button type="button" class="quiet" onClick={() => decodeEntry(e)}>
          {w.t('quarantine.decode')}
        </button>
        <Link page="decode" query={{ quarantine: e.id }} class="quiet">
          {w.t('quarantine.open_decode')}
        </Link>
      </div>
      <Progress of={one} />
    </>
  )
}

function Body({ entry: e }: { entry: Quarantined }) {
  const w = words.value
  const bytes = useMemo(() => bytesOf(e), [e])
  const view = useSignal<'text' | 'hex'>(e.text ? 'text' : 'hex')
  return (
    <section aria-label={w.t('quarantine.body')}>
      <div class="body-head">
        <h3>{w.t('quarantine.body')}</h3>
        <small>{w.t('decode.size', { n: w.count(bytes.length) })}</small>
        {e.text && (
          <Segments
            label={w.t('quarantine.body')}
            options={[
              ['text', w.t('quarantine.as_text')],
              ['hex', w.t('quarantine.as_hex')],
            ]}
            value={view.value}
            choose={(v) => {
              view.value = v
            }}
          />
        )}
      </div>
      {bytes.length === 0 && <p class="note">{w.t('quarantine.empty_body')}</p>}
      {bytes.length > 0 && (view.value === 'text' && e.text ? <RawText text={e.text} /> : <Hex bytes={bytes} />)}
    </section>
  )
}

/** What the delivery would become with the settings of today. */
function Today({ entry: e }: { entry: Quarantined }) {
  const w = words.value
  const { status, value, error } = decoded.state.value
  return (
    <section class="today" aria-label={w.t('quarantine.decode')}>
      <p class="note">{w.t('quarantine.decode_hint', { when: w.moment(e.received_at) })}</p>
      {status === 'failed' && <Failed error={error} />}
      {status === 'loading' && <Waiting />}
      {status === 'ready' && value && <DecodedView decoded={value} />}
    </section>
  )
}
