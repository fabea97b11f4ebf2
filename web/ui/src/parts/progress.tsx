import { words } from '../state.ts'
import type { Retries } from './retry.ts'

/** How far a run of retries is, and what came of it. */
export function Progress({ of }: { of: Retries }) {
  const w = words.value
  const t = of.tally.value
  if (!t) return null
  const left = t.all - t.done
  const lines = [
    w.t('retry.done', { n: w.count(t.done), accepted: w.count(t.accepted), rejected: w.count(t.rejected) }),
    t.already > 0 ? w.t('retry.already', { n: w.count(t.already) }) : '',
    t.failed > 0 ? w.t('retry.failed', { n: w.count(t.failed) }) : '',
    left > 0 ? w.t('retry.stopped', { n: w.count(left) }) : '',
  ]
  return (
    <div class="progress">
      {t.running ? (
        <>
          <label>
            <span role="status">{w.t('retry.progress', { done: w.count(t.done), all: w.count(t.all) })}</span>
            <progress max={t.all} value={t.done} />
          </label>
          <button type="button" class="quiet" onClick={() => of.stop()}>
            {w.t('act.stop')}
          </button>
        </>
      ) : (
        <p class={t.failed > 0 || left > 0 ? 'told' : 'told fine'} role="status">
          {lines.filter(Boolean).join(' ')}
        </p>
      )}
    </div>
  )
}
