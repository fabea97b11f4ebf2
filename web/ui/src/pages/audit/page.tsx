import '../../styles/audit.css'
import { useEffect } from 'preact/hooks'
import { Empty, Failed, NeedRole, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { can, words } from '../../state.ts'
import { Entry } from './entry.tsx'
import { Filters } from './filters.tsx'
import { failed, followAudit, list, more, reading, refresh } from './state.ts'

/** Who changed what, and when. */
export function AuditPage() {
  const w = words.value
  useEffect(followAudit, [])
  return (
    <PageFrame
      name="audit"
      title={w.t('page.audit')}
      lead={w.t('audit.lead')}
      acts={
        can('admin') && (
          <button type="button" class="quiet" onClick={refresh}>
            {w.t('load.refresh')}
          </button>
        )
      }
    >
      <NeedRole need="admin" what={w.t('audit.what')} />
      {can('admin') && (
        <>
          <Filters />
          <Entries />
        </>
      )}
    </PageFrame>
  )
}

function Entries() {
  const w = words.value
  const { status, value, error } = list.state.value
  if (status === 'failed') return <Failed error={error} again={refresh} />
  if (!value) return <Waiting />
  return (
    <section aria-label={w.t('page.audit')} aria-busy={status === 'loading'}>
      {value.items.length === 0 && !value.next_cursor && <Empty text={w.t('audit.none')} />}
      <ul class="trail">
        {value.items.map((e) => (
          <Entry key={e.sequence} entry={e} />
        ))}
      </ul>
      {failed.value !== null && <Failed error={failed.value} again={() => void more()} />}
      {value.next_cursor && (
        <button type="button" class="quiet more" disabled={reading.value} onClick={() => void more()}>
          {w.t(value.items.length === 0 ? 'audit.further' : 'load.more')}
        </button>
      )}
    </section>
  )
}
