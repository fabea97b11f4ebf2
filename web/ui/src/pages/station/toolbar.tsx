import { Segments } from '../../parts/segments.tsx'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { Compare } from './compare-picker.tsx'
import { Exports } from './exports.tsx'
import { canOverlay, OVERLAY_NAMES, SPAN_NAMES, type SpanName, shifted, spanOf, zoomed } from './span.ts'
import { asTable, overlays, showSpan, span, step, toggleOverlay } from './state.ts'

/** What is shown of the line: how long, how near, which means, what beside it, as what. */
export function Toolbar() {
  const w = words.value
  return (
    <div class="chart-tools">
      <div class="filters">
        <Segments<SpanName | ''>
          label={w.t('station.span')}
          options={SPAN_NAMES.map((n) => [n, w.t(`station.span_${n}`)] as const)}
          value={span.value.name ?? ''}
          choose={(name) => showSpan(spanOf({ span: name }, Date.now()))}
        />
        <Moves />
      </div>
      <div class="filters">
        <Means />
        <Compare />
        <Segments
          label={w.t('station.view')}
          options={[
            ['chart', w.t('station.as_chart')],
            ['table', w.t('station.as_table')],
          ]}
          value={asTable.value ? 'table' : 'chart'}
          choose={(v) => refine({ view: v === 'table' ? v : '' })}
        />
        <Exports />
      </div>
    </div>
  )
}

function Moves() {
  const w = words.value
  const s = span.value
  const now = Date.now()
  const middle = (s.from + s.to) / 2
  const moves = [
    ['M15 5 8 12l7 7', 'station.earlier', ',', () => shifted(s, -1, now), false],
    ['M9 5l7 7-7 7', 'station.later', '.', () => shifted(s, 1, now), s.name !== null || s.to >= now],
    ['M5 12h14M12 5v14', 'station.nearer', '+', () => zoomed(s, 0.5, s.name ? s.to : middle, now), false],
    ['M5 12h14', 'station.farther', '-', () => zoomed(s, 2, s.name ? s.to : middle, now), false],
  ] as const
  return (
    <fieldset class="segments moves">
      <legend class="heard">{w.t('station.moves')}</legend>
      {moves.map(([path, name, key, next, off]) => (
        <button
          key={name}
          type="button"
          disabled={off}
          aria-label={w.t(name)}
          title={`${w.t(name)} (${key})`}
          onClick={() => showSpan(next())}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d={path} />
          </svg>
        </button>
      ))}
    </fieldset>
  )
}

function Means() {
  const w = words.value
  const length = span.value.to - span.value.from
  return (
    <fieldset class="means">
      <legend>{w.t('station.means')}</legend>
      {OVERLAY_NAMES.map((o) => {
        const able = canOverlay(o, length, step.value)
        return (
          <label key={o} class="check" title={able ? undefined : w.t('station.mean_off')}>
            <input
              type="checkbox"
              checked={overlays.value.includes(o)}
              disabled={!able}
              onChange={() => toggleOverlay(o)}
            />
            {w.t(`station.over_${o}`)}
          </label>
        )
      })}
    </fieldset>
  )
}
