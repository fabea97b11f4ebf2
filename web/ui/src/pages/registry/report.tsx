import { words } from '../../state.ts'
import type { ImportedPlace, ImportReport, PlaceProblem } from '../../wire-registry.ts'

/** How many rows are shown; the counts are whole. */
const MOST = 200

/** What a file changes, or what is wrong with it and where. */
export function Report({ report: r, done }: { report: ImportReport; done: boolean }) {
  const w = words.value
  const rows: { place: ImportedPlace; isNew: boolean }[] = [
    ...r.added.map((place) => ({ place, isNew: true })),
    ...r.changed.map((place) => ({ place, isNew: false })),
  ]
  return (
    <div class="report">
      <p class={done ? 'told fine' : 'told'} role="status">
        {w.t(done ? 'registry.imported' : 'registry.would', {
          added: r.counts.added,
          changed: r.counts.changed,
          same: r.unchanged,
        })}
      </p>
      <Problems title={w.t('registry.problems', { n: r.problems.length })} list={r.problems} bad />
      <Problems title={w.t('registry.warnings', { n: r.warnings.length })} list={r.warnings} />
      {r.columns.length > 0 && (
        <p class="columns">
          {r.columns.map((c) => (
            <span key={c.title} class={c.field ? '' : 'soft'}>
              {c.title} → <code>{c.field || '—'}</code>{' '}
            </span>
          ))}
        </p>
      )}
      {rows.length > 0 && (
        <table class="grid stacked">
          <caption class="heard">{w.t('registry.preview')}</caption>
          <thead>
            <tr>
              <th scope="col">{w.t('registry.col_place')}</th>
              <th scope="col">{w.t('registry.col_change')}</th>
              <th scope="col">{w.t('registry.position')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map(({ place: p, isNew }) => (
              <tr key={`${p.kind} ${p.id}`}>
                <th scope="row">
                  {w.text(p.name)}{' '}
                  <small>
                    {w.named('registry.kind', p.kind)} · {p.id}
                  </small>
                </th>
                <td data-label={w.t('registry.col_change')}>
                  {isNew ? <b>{w.t('registry.is_new')}</b> : (p.fields ?? []).join(', ')}
                </td>
                <td data-label={w.t('registry.position')}>{p.location.join('; ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > MOST && <p class="soft">{w.t('registry.more', { n: rows.length - MOST })}</p>}
    </div>
  )
}

function Problems({ title, list, bad }: { title: string; list: PlaceProblem[]; bad?: boolean }) {
  if (list.length === 0) return null
  return (
    <div class={bad ? 'note-box bad' : 'note-box mild'} role={bad ? 'alert' : undefined}>
      <b>{title}</b>
      <ul lang="en">
        {list.slice(0, 50).map((p) => (
          <li key={`${p.path} ${p.message}`}>
            <code>{p.path || '—'}</code> {p.message}
          </li>
        ))}
      </ul>
    </div>
  )
}
