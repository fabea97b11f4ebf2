import '../../styles/decode.css'
import { useEffect } from 'preact/hooks'
import { DecodedView } from '../../parts/decoded.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { place } from '../../router.ts'
import { words } from '../../state.ts'
import { PayloadForm } from './form.tsx'
import { accepted, fetchEntry, fetched, followPayload, payload, result, tooLarge } from './state.ts'
import { AcceptedNames, UnknownNames } from './unknown.tsx'

/** Paste a payload, see what it would become. */
export function DecodePage() {
  const w = words.value
  const entry = place.value.query.quarantine
  useEffect(followPayload, [])
  useEffect(() => {
    if (entry) void fetchEntry(entry)
  }, [entry])
  const fetching = fetched.state.value
  const nothing = payload.value.bytes.length === 0 || tooLarge.value > 0
  return (
    <PageFrame name="decode" title={w.t('page.decode')} lead={w.t('decode.lead')}>
      <p class="promise">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z" />
        </svg>
        {w.t('decode.nothing_stored')}
      </p>
      <div class="bench">
        <PayloadForm />
        <section class="result" aria-label={w.t('decode.result')}>
          {entry && fetching.status === 'failed' && <Failed error={fetching.error} />}
          {accepted.value.length > 0 && <AcceptedNames />}
          {nothing ? <Empty text={w.t('decode.empty')} hint={w.t('decode.empty_hint')} /> : <Result />}
        </section>
      </div>
    </PageFrame>
  )
}

function Result() {
  const { status, value, error } = result.state.value
  if (status === 'failed') return <Failed error={error} />
  if (!value) return <Waiting />
  return (
    <div class={status === 'loading' ? 'answer stale' : 'answer'} aria-busy={status === 'loading'}>
      <DecodedView decoded={value}>
        <UnknownNames items={value.unknown ?? []} />
      </DecodedView>
    </div>
  )
}
