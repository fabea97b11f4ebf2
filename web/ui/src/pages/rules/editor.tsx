import { useEffect } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, NeedRole, Waiting } from '../../parts/notes.tsx'
import { Segments } from '../../parts/segments.tsx'
import { place, refine } from '../../router.ts'
import { can, words } from '../../state.ts'
import { Acts } from './acts.tsx'
import { base, checked, draft, faults, followDraft, isNew, loadBase, parsed, text } from './desk.ts'
import { DraftForm } from './draft-form.tsx'
import { Report } from './report.tsx'
import { sentences } from './sentence.ts'
import { chosen, entryOf, names } from './state.ts'
import { Trial } from './trial-panel.tsx'
import { YamlText } from './yaml-text.tsx'

/** A draft of one rule: written, said in words, tried on stored data, put in force. */
export function Editor() {
  const w = words.value
  useEffect(followDraft, [])
  const { status, value, error } = base.state.value
  const id = chosen.value ?? ''
  const entry = entryOf(id)
  const unknown = isNew.value && place.value.query.new !== '1'
  return (
    <section class="editor" aria-label={w.t('draft.title')} data-draft={id}>
      <p class="crumbs">
        <Link page="rules">‹ {w.t('rules.back')}</Link>
      </p>
      <div class="rule-head">
        <h3>{w.text(entry?.name) || id}</h3>
        <code>{id}</code>
        {entry && <span class="tag">{w.t(entry.enabled ? 'rules.in_force' : 'rules.rests')}</span>}
      </div>
      {status === 'failed' && <Failed error={error} again={() => loadBase()} />}
      {status === 'loading' && !value && <Waiting />}
      {value && unknown && <Empty text={w.t('rules.not_there', { id })} />}
      {value && !unknown && (
        <>
          <NeedRole need="officer" what={w.t('rules.what_trial')} />
          <div class="bench">
            <Write />
            <div class="bench-side">
              <Says />
              {can('officer') && <Trial />}
            </div>
          </div>
          <Report />
        </>
      )}
    </section>
  )
}

const WAYS = ['form', 'yaml'] as const

function Write() {
  const w = words.value
  const way = place.value.query.by === 'yaml' ? 'yaml' : 'form'
  return (
    <div class="write">
      <div class="write-head">
        <Segments
          label={w.t('draft.how')}
          options={WAYS.map((k) => [k, w.t(`draft.${k}`)] as const)}
          value={way}
          choose={(k) => refine({ by: k === 'form' ? '' : k })}
        />
        <Verdict />
      </div>
      {way === 'yaml' ? <YamlText /> : parsed.value ? <DraftForm rule={parsed.value} /> : <Broken />}
      <Faults byForm={way === 'form'} />
      <Acts />
    </div>
  )
}

function Broken() {
  return <p class="need-role">{words.value.t('draft.broken')}</p>
}

/** What the server says of the draft, in one line. */
function Verdict() {
  const w = words.value
  const { status } = checked.state.value
  const n = faults.value.length
  const said = n > 0 ? w.t('draft.faults', { n }) : w.t(status === 'ready' ? 'draft.right' : 'draft.checking')
  return (
    <p class={n > 0 ? 'verdict wrong' : status === 'ready' ? 'verdict right' : 'verdict'} role="status">
      {said}
    </p>
  )
}

/** Under the form only; the text shows them at their lines. */
function Faults({ byForm }: { byForm: boolean }) {
  const { status, error } = checked.state.value
  if (status === 'failed' && faults.value.length === 0 && text.value !== '') return <Failed error={error} />
  if (!byForm || faults.value.length === 0) return null
  return (
    <ul class="faults" lang="en">
      {faults.value.map((f) => (
        <li key={f.field + f.detail}>
          {f.field && <code>{f.field}</code>} {f.detail}
        </li>
      ))}
    </ul>
  )
}

/** The draft in words, as the server understood it. */
function Says() {
  const w = words.value
  const rule = draft.value
  return (
    <section class="draft-says" aria-label={w.t('draft.says')}>
      <h4>{w.t('draft.says')}</h4>
      {rule ? sentences(rule, names.value, w).map((s) => <p key={s}>{s}</p>) : <p class="note">…</p>}
    </section>
  )
}
