import { parkName, ruleName } from '../../alert.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import { isNarrow } from './filter.ts'
import type { Group, Row } from './groups.ts'
import { AlertRow } from './row.tsx'
import { filter, grouped, groups, items, list, loadMore, nextCursor, refresh, rows, waiting } from './state.ts'

/** The alerts, worst first: by park and rule, or each for itself. */
export function AlertTable() {
  const { status, error } = list.state.value
  if (items.value.length === 0 && status === 'failed') return <Failed error={error} again={refresh} />
  if (waiting.value) return <Waiting />
  if (items.value.length === 0) return <Nothing />
  return (
    <>
      {status === 'failed' && filter.value.state !== 'open' && <Failed error={error} again={refresh} />}
      {grouped.value ? groups.value.map((g) => <GroupView key={g.key} group={g} />) : <Rows rows={rows.value} />}
      <More />
    </>
  )
}

function Nothing() {
  const w = words.value
  const f = filter.value
  if (isNarrow(f)) return <Empty text={w.t('alerts.none_match')} />
  if (f.state !== 'open') return <Empty text={w.t('alerts.none_such')} />
  return <Empty text={w.t('alerts.none')} hint={w.t('alerts.none_hint')} />
}

function GroupView({ group: g }: { group: Group }) {
  const w = words.value
  const park = parkName(g.park, w)
  const head = `group-${g.key.replace(/\W+/g, '-')}`
  return (
    <section class="group" aria-labelledby={head}>
      <div class="group-head">
        <h3 id={head}>
          {park && <b>{park}</b>}
          <span>{ruleName(g.sample, w)}</span>
        </h3>
        {g.size > 1 && (
          <>
            <small>{w.t('alerts.count', { n: w.count(g.size) })}</small>
            <SeveritySign severity={g.worst} />
          </>
        )}
      </div>
      <Rows rows={g.rows} underPark={g.park?.id ?? ''} />
    </section>
  )
}

function Rows({ rows: all, underPark = '' }: { rows: readonly Row[]; underPark?: string }) {
  return (
    <ul class="rows">
      {all.map(({ alert, children }) => (
        <li key={alert.id}>
          <AlertRow alert={alert} showPark={alert.park?.id !== underPark} explains={children.length} />
          {children.length > 0 && (
            <ul class="rows beneath" aria-label={words.value.t('alerts.explained')}>
              {children.map((a) => (
                <li key={a.id}>
                  <AlertRow alert={a} showPark={false} beneath />
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  )
}

function More() {
  const w = words.value
  const loading = list.state.value.status === 'loading'
  if (!nextCursor.value) return null
  return (
    <button type="button" class="quiet more" disabled={loading} onClick={() => void loadMore()}>
      {w.t(loading ? 'load.loading' : 'load.more')}
    </button>
  )
}
