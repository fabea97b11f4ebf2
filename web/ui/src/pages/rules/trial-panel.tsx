import { Picker } from '../../mutes/picker.tsx'
import { Failed } from '../../parts/notes.tsx'
import { Segments } from '../../parts/segments.tsx'
import { parks, stations, words } from '../../state.ts'
import type { BacktestProgress } from '../../wire-rules.ts'
import { draft } from './desk.ts'
import { onlyStations, report, run, SPANS, span, state, stop } from './trial.ts'

/** Runs the draft over stored data, and says how far that is. */
export function Trial() {
  const w = words.value
  const s = state.value
  const running = s.kind === 'running'
  return (
    <section class="trial" aria-label={w.t('trial.title')}>
      <h4>{w.t('trial.title')}</h4>
      <p class="note">{w.t('trial.lead')}</p>
      <Segments
        label={w.t('trial.span')}
        options={SPANS.map((n) => [String(n), w.t('trial.days', { n })] as const)}
        value={String(span.value)}
        choose={(n) => {
          span.value = SPANS.find((x) => String(x) === n) ?? 90
        }}
      />
      <Picker
        label={w.t('trial.stations')}
        none={w.t('form.every')}
        options={[...stations.value.values()].map((x) => ({
          id: x.id,
          text: w.text(x.name),
          group: w.text(parks.value.get(x.park)?.name),
        }))}
        chosen={onlyStations.value}
        choose={(ids) => {
          onlyStations.value = ids
        }}
      />
      {running ? (
        <Running progress={s.progress} />
      ) : (
        <button type="button" class="main" disabled={!draft.value} onClick={() => void run(Date.now())}>
          {w.t(report.value ? 'trial.again' : 'trial.run')}
        </button>
      )}
      {s.kind === 'stopped' && <p role="status">{w.t('trial.stopped')}</p>}
      {s.kind === 'busy' && <p role="alert">{w.t('trial.busy')}</p>}
      {s.kind === 'failed' && <Failed error={s.error} />}
    </section>
  )
}

function Running({ progress: p }: { progress: BacktestProgress | null }) {
  const w = words.value
  const said = p
    ? w.t('trial.running', {
        done: w.count(p.done),
        all: w.count(p.stations),
        readings: w.count(p.readings),
        alerts: w.count(p.alerts),
      })
    : w.t('trial.starting')
  return (
    <div class="progress">
      <label>
        <span role="status">{said}</span>
        <progress max={1} value={p?.share ?? 0} />
      </label>
      <button type="button" class="quiet" onClick={stop}>
        {w.t('trial.stop')}
      </button>
    </div>
  )
}
