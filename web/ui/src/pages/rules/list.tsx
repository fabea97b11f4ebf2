import { Link } from '../../parts/link.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { can, present, stations, words } from '../../state.ts'
import type { RuleEntry } from '../../wire-rules.ts'
import { reach } from './reach.ts'
import { sentences, severitiesOf } from './sentence.ts'
import { list, loadRules, names, openByRule } from './state.ts'

/** The rules in force, each in plain words. */
export function RuleList() {
  const w = words.value
  const { status, value, error } = list.state.value
  return (
    <section aria-label={w.t('rules.list')}>
      {status === 'failed' && <Failed error={error} again={loadRules} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.length === 0 && <Empty text={w.t('rules.none')} />}
      <ul class="rule-list">
        {value?.map((r) => (
          <Line key={r.id} rule={r} />
        ))}
      </ul>
    </section>
  )
}

function Line({ rule: r }: { rule: RuleEntry }) {
  const w = words.value
  const [first = '', ...more] = sentences(r, names.value, w)
  const name = w.text(r.name) || r.id
  return (
    <li class={r.enabled ? 'rule' : 'rule rests'} data-rule={r.id}>
      <div class="rule-head">
        <h3>{name}</h3>
        <code>{r.id}</code>
        {!r.enabled && <span class="tag">{w.t('rules.rests')}</span>}
        <ul class="grades">
          {severitiesOf(r).map((s) => (
            <li key={s} class={s}>
              {w.t(`severity.${s}`)}
            </li>
          ))}
        </ul>
      </div>
      <p class="says">{first}</p>
      {more.length > 0 && <p class="says more-words">{more.join(' ')}</p>}
      <div class="rule-facts">
        <Reach rule={r} />
        <span>{sourceText(r)}</span>
        <OpenAlerts rule={r.id} />
        <Link page="rules" query={{ rule: r.id }} class="quiet" aria-label={`${w.t(actOf())}: ${name}`}>
          {w.t(actOf())}
        </Link>
      </div>
    </li>
  )
}

function actOf(): 'rules.edit' | 'rules.look' {
  return can('admin') ? 'rules.edit' : 'rules.look'
}

function Reach({ rule: r }: { rule: RuleEntry }) {
  const w = words.value
  const n = reach(r, stations.value.values()).length
  return (
    <span>
      {n === 0 ? w.t('rules.reach_none') : w.t('rules.reach', { n: w.count(n), all: w.count(stations.value.size) })}
    </span>
  )
}

function sourceText(r: RuleEntry): string {
  const w = words.value
  if (r.source !== 'api') return w.t(`rules.source_${r.source}`)
  const source = w.t(r.overrides ? 'rules.source_over' : 'rules.source_api')
  if (!r.updated_at) return source
  const when = w.ago(r.updated_at, present.value)
  const changed = r.updated_by ? w.t('rules.changed_by', { when, who: r.updated_by }) : w.t('rules.changed', { when })
  return `${source} · ${changed}`
}

function OpenAlerts({ rule }: { rule: string }) {
  const w = words.value
  const n = openByRule.value.get(rule) ?? 0
  if (n === 0) return <span>{w.t('rules.open_none')}</span>
  return (
    <Link page="alerts" query={{ rule }}>
      {w.t('rules.open', { n: w.count(n) })}
    </Link>
  )
}
