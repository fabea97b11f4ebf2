import '../../styles/alerts.css'
import '../../styles/month.css'
import '../../styles/mutes.css'
import { useEffect } from 'preact/hooks'
import { MuteForm } from '../../mutes/form.tsx'
import { mutes, refreshMutes } from '../../mutes/state.ts'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, NeedRole, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Segments } from '../../parts/segments.tsx'
import { refine } from '../../router.ts'
import { can, words } from '../../state.ts'
import { EndMute } from './end.tsx'
import { Month } from './month-view.tsx'
import { Section } from './section.tsx'
import { ending, followSilences, KINDS, kind, making, STATES, sections, VIEWS, view } from './state.ts'

/** Which notices are kept back, until when and why: now, in time to come, and before. */
export function SilencesPage() {
  const w = words.value
  useEffect(followSilences, [])
  return (
    <PageFrame name="silences" title={w.t('page.silences')} lead={w.t('silences.lead')} acts={<Acts />}>
      <div class="filters">
        <Segments
          label={w.t('silences.kind')}
          options={KINDS.map((k) => [k, w.t(`silences.${k}`)] as const)}
          value={kind.value}
          choose={(k) => refine({ kind: k === 'any' ? '' : k })}
        />
        <Segments
          label={w.t('silences.view')}
          options={VIEWS.map((v) => [v, w.t(`silences.view_${v}`)] as const)}
          value={view.value}
          choose={(v) => refine({ view: v === 'list' ? '' : v, month: '' })}
        />
      </div>
      <NeedRole need="officer" what={w.t('silences.what')} />
      <Lists />
      {making.value && (
        <MuteForm
          kind={making.value}
          onDone={() => {
            making.value = null
          }}
        />
      )}
      {ending.value && <EndMute mute={ending.value} />}
    </PageFrame>
  )
}

function Acts() {
  const w = words.value
  const make = (k: 'silence' | 'maintenance') => () => {
    making.value = k
  }
  return (
    <>
      <Link page="alerts" class="quiet">
        ‹ {w.t('page.alerts')}
      </Link>
      {can('admin') && (
        <button type="button" class="quiet" onClick={make('maintenance')}>
          {w.t('mute.new_maintenance')}
        </button>
      )}
      {can('officer') && (
        <button type="button" class="main" onClick={make('silence')}>
          {w.t('mute.new_silence')}
        </button>
      )}
    </>
  )
}

function Lists() {
  const w = words.value
  const { status, value, error } = mutes.state.value
  if (!value) return status === 'failed' ? <Failed error={error} again={refreshMutes} /> : <Waiting />
  if (view.value === 'month') return <Month />
  const s = sections.value
  if (STATES.every((state) => s[state].length === 0))
    return <Empty text={w.t('silences.none')} hint={w.t('silences.none_hint')} />
  return (
    <>
      {status === 'failed' && <Failed error={error} again={refreshMutes} />}
      {STATES.map((state) => s[state].length > 0 && <Section key={state} state={state} items={s[state]} />)}
    </>
  )
}
