import { now, words } from '../../state.ts'
import type { AuditEntry } from '../../wire.ts'
import { changes, MOST } from './diff.ts'

/** One entry: who, what, when; what changed behind one press. */
export function Entry({ entry: e }: { entry: AuditEntry }) {
  const w = words.value
  const group = e.action.slice(0, e.action.indexOf('.'))
  return (
    <li>
      <details data-action={e.action}>
        <summary>
          <time dateTime={e.at} title={w.ago(e.at, now.value)}>
            {w.moment(e.at)}
          </time>
          <span class="actor">
            {e.actor.name || w.t(`audit.${e.actor.kind}`)}
            {e.actor.name && e.actor.kind !== 'user' && <small>{w.t(`audit.${e.actor.kind}`)}</small>}
          </span>
          <b class={`did ${group}`}>{w.named('did_audit', e.action)}</b>
          <code>{e.object}</code>
        </summary>
        <Changes entry={e} />
        <p class="note">
          {w.t('audit.number', { n: e.sequence })} · <code>{e.action}</code>
          {e.actor.id && (
            <>
              {' '}
              · {w.t('audit.by')} <code>{e.actor.id}</code>
            </>
          )}
          {e.from && (
            <>
              {' '}
              · {w.t('audit.from')} <code>{e.from}</code>
            </>
          )}
        </p>
      </details>
    </li>
  )
}

function Changes({ entry: e }: { entry: AuditEntry }) {
  const w = words.value
  const all = changes(e.before, e.after)
  if (all.length === 0) return <p class="note">{w.t('audit.nothing')}</p>
  return (
    <table class="grid changes">
      <thead>
        <tr>
          <th scope="col">{w.t('audit.field')}</th>
          <th scope="col">{w.t('audit.before')}</th>
          <th scope="col">{w.t('audit.after')}</th>
        </tr>
      </thead>
      <tbody>
        {all.slice(0, MOST).map((c) => (
          <tr key={c.path}>
            <th scope="row">
              <code>{c.path || '—'}</code>
            </th>
            <td>{c.before === null ? '—' : <del>{c.before}</del>}</td>
            <td>{c.after === null ? '—' : <ins>{c.after}</ins>}</td>
          </tr>
        ))}
      </tbody>
      {all.length > MOST && <caption>{w.t('audit.more_fields', { n: all.length - MOST })}</caption>}
    </table>
  )
}
