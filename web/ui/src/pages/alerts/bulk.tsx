import { can, words } from '../../state.ts'
import { tally } from './acts.ts'
import { selection, tickAll } from './desk.ts'
import { acknowledge, askFor } from './keys.ts'
import { items } from './state.ts'

/** What can be done with all that are ticked. It stands where it is also with none, so that the list does not jump. */
export function Bulk() {
  const w = words.value
  const n = selection.value.length
  const all = items.value.length
  if (all === 0) return null
  const busy = tally.value?.running ?? false
  return (
    <div class="bulk" role="toolbar" aria-label={w.t('alerts.bulk')}>
      <label class="check">
        <input
          type="checkbox"
          checked={n > 0 && n === all}
          indeterminate={n > 0 && n < all}
          onChange={(e) => tickAll(e.currentTarget.checked)}
        />
        {n > 0 ? w.t('alerts.selected', { n: w.count(n) }) : w.t('alerts.count', { n: w.count(all) })}
      </label>
      {n > 0 && can('officer') && (
        <>
          <button type="button" class="quiet" disabled={busy} onClick={acknowledge}>
            {w.t('act.acknowledge')}
          </button>
          <button type="button" class="quiet" disabled={busy} onClick={() => askFor('assign')}>
            {w.t('act.assign')}
          </button>
          <button type="button" class="quiet" disabled={busy} onClick={() => askFor('silence')}>
            {w.t('act.silence')}
          </button>
        </>
      )}
      <Account />
    </div>
  )
}

function Account() {
  const w = words.value
  const t = tally.value
  if (!t) return null
  const ended = t.done + t.over + t.failed
  if (t.running)
    return <span role="status">{w.t('alerts.progress', { done: w.count(ended), all: w.count(t.all) })}</span>
  const lines = [
    w.t('alerts.did', { n: w.count(t.done) }),
    t.over > 0 ? w.t('alerts.did_over', { n: w.count(t.over) }) : '',
    t.failed > 0 ? w.t('alerts.did_failed', { n: w.count(t.failed) }) : '',
  ]
  return (
    <span class={t.failed > 0 ? 'bad' : ''} role="status">
      {lines.filter(Boolean).join(' ')}
    </span>
  )
}
