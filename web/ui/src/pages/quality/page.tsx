import '../../styles/quality.css'
import { useEffect } from 'preact/hooks'
import { save } from '../../parts/csv.ts'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { compact } from '../../parts/zone.ts'
import { words } from '../../state.ts'
import type { QualityReport } from '../../wire-quality.ts'
import { getTable } from './client.ts'
import { Controls } from './controls.tsx'
import { Gaps } from './gaps.tsx'
import { Parks } from './parks.tsx'
import { chosen, followQuality, refresh, report, span } from './state.ts'
import { StationPart } from './station.tsx'
import { Stations } from './table.tsx'
import { Tiles } from './tiles.tsx'
import { TodoList } from './todo.tsx'

/** The six figures: how they stand, who misses them, and what to do about it. */
export function QualityPage() {
  const w = words.value
  useEffect(followQuality, [])
  const { status, value, error } = report.state.value
  return (
    <PageFrame name="quality" title={w.t('six.title')} lead={w.t('six.lead')} acts={<Acts />}>
      <Controls />
      {!span.value.valid && <p role="alert">{w.t('six.bad_range')}</p>}
      {span.value.valid && status === 'failed' && <Failed error={error} again={refresh} />}
      {span.value.valid && status === 'loading' && !value && <Waiting />}
      {span.value.valid && value && status !== 'failed' && <Report of={value} stale={status === 'loading'} />}
    </PageFrame>
  )
}

function Report({ of: r, stale }: { of: QualityReport; stale: boolean }) {
  const w = words.value
  if (r.stations.length === 0) return <Empty text={w.t('six.none')} />
  return (
    <div class={stale ? 'six stale' : 'six'} aria-busy={stale}>
      <p class="six-span">
        {w.t('six.span', { from: w.date(r.from), to: w.date(r.to) })}
        {r.counted_from && r.counted_from > r.from && (
          <b> {w.t('six.counted_from', { from: w.date(r.counted_from) })}</b>
        )}
      </p>
      <Tiles of={r.total} />
      {chosen.value ? <StationPart /> : <TodoList of={r.total.todo} />}
      <Parks of={r.parks} />
      <Stations all={r.stations.length} />
      <Gaps />
    </div>
  )
}

function Acts() {
  const w = words.value
  const { status, value } = report.state.value
  return (
    <>
      <button type="button" class="quiet" disabled={status === 'loading'} onClick={refresh}>
        {w.t(status === 'loading' ? 'load.refreshing' : 'load.refresh')}
      </button>
      <button type="button" class="quiet" disabled={!value} onClick={() => window.print()}>
        {w.t('act.print')}
      </button>
      <button type="button" class="quiet" disabled={!value} onClick={exportTable}>
        {w.t('six.csv')}
      </button>
    </>
  )
}

/** A failure shows where all others of this page do. */
async function exportTable(): Promise<void> {
  const { from, to } = span.peek()
  try {
    save(`quantrac-quality-${compact(from)}-${compact(to)}.csv`, await getTable({ from, to }))
  } catch {
    refresh()
  }
}
