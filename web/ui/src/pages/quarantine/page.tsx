import '../../styles/decode.css'
import '../../styles/quarantine.css'
import { useEffect } from 'preact/hooks'
import { Empty, Failed, NeedRole, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Progress } from '../../parts/progress.tsx'
import { refine } from '../../router.ts'
import { can, now, words } from '../../state.ts'
import type { Quarantined } from '../../wire-doors.ts'
import { EntryView } from './entry.tsx'
import { isNarrow } from './filter.ts'
import { Filters } from './filters.tsx'
import { chosen, filter, followQuarantine, items, list, loadMore, many, open, refresh, retryShown } from './state.ts'

/** What could not be used, why, and another try. */
export function QuarantinePage() {
  const w = words.value
  useEffect(followQuarantine, [])
  const loading = list.state.value.status === 'loading'
  return (
    <PageFrame
      name="quarantine"
      title={w.t('page.quarantine')}
      lead={w.t('quarantine.lead')}
      acts={
        <button type="button" class="quiet" disabled={loading} onClick={refresh}>
          {w.t(loading ? 'load.refreshing' : 'load.refresh')}
        </button>
      }
    >
      <Filters />
      <NeedRole need="admin" what={w.t('retry.what')} />
      <div class={chosen.value ? 'split chosen' : 'split'}>
        <section class="entries" aria-label={w.t('quarantine.list')}>
          <RetryAll />
          <Entries />
        </section>
        {(items.value.length > 0 || chosen.value) && <EntryView />}
      </div>
    </PageFrame>
  )
}

function RetryAll() {
  const w = words.value
  const n = open.value.length
  const running = many.tally.value?.running ?? false
  return (
    <>
      {can('admin') && n > 0 && !running && (
        <div class="retry-all">
          <button type="button" class="quiet" onClick={() => void retryShown()}>
            {w.t('retry.all', { n: w.count(n) })}
          </button>
        </div>
      )}
      <Progress of={many} />
    </>
  )
}

function Entries() {
  const w = words.value
  const { status, value, error } = list.state.value
  if (status === 'failed') return <Failed error={error} again={refresh} />
  if (!value) return <Waiting />
  if (items.value.length === 0) {
    const narrow = isNarrow(filter.value)
    return narrow ? (
      <Empty text={w.t('quarantine.none_match')} />
    ) : (
      <Empty text={w.t('quarantine.none')} hint={w.t('quarantine.none_hint')} />
    )
  }
  return (
    <>
      <ul class="entry-list">
        {items.value.map((e) => (
          <EntryRow key={e.id} entry={e} />
        ))}
      </ul>
      {value.next_cursor && (
        <button type="button" class="quiet more" disabled={status === 'loading'} onClick={() => void loadMore()}>
          {w.t(status === 'loading' ? 'load.loading' : 'load.more')}
        </button>
      )}
    </>
  )
}

/** How much of a body stands in the list. */
const GLIMPSE = 120

function EntryRow({ entry: e }: { entry: Quarantined }) {
  const w = words.value
  const reasons = [...new Set((e.rejected ?? []).map((r) => r.reason))]
  return (
    <li>
      <button
        type="button"
        aria-current={chosen.value === e.id ? 'true' : undefined}
        data-entry={e.id}
        onClick={() => refine({ entry: e.id }, chosen.peek() ? 'replace' : 'push')}
      >
        <span class="line">
          <b>{reasons.map((r) => w.named('reason', r)).join(', ')}</b>
          <time dateTime={e.received_at} title={w.moment(e.received_at)}>
            {w.ago(e.received_at, now.value)}
          </time>
        </span>
        <span class="line soft">
          <span class="from">
            {e.gateway} · {w.named('door', e.door)}
            {e.topic && ` · ${e.topic}`}
          </span>
          {e.retried_at && <span class="mark">{w.t('quarantine.retried')}</span>}
        </span>
        {e.text && (
          <code class="glimpse" translate={false}>
            {e.text.slice(0, GLIMPSE)}
          </code>
        )}
      </button>
    </li>
  )
}
