import { parameters, stations, words } from '../../state.ts'
import { beyondCount } from './beyond.ts'
import { namesOf } from './model.ts'
import { type Drawn, held } from './state.ts'

/** What each line and sign is; only those that are there. */
export function Legend({ of: d }: { of: Drawn }) {
  const w = words.value
  const names = namesOf(d, { words: w, parameters: parameters.value, stations: stations.peek() })
  const kinds = new Set(d.points.map((p) => p.kind))
  const statuses = new Set(d.bands.map((b) => b.status))
  const spread = d.line.some((v) => v.min !== v.max)
  return (
    <figcaption class="chart-legend">
      <ul>
        {names.map((n) => (
          <li key={n.key} class={n.left ? 'left-out' : ''}>
            <svg viewBox="0 0 26 10" aria-hidden="true" style={{ '--line-color': `var(--${n.color})` }}>
              <path d="M0 5h26" stroke-dasharray={n.dash.join(' ') || undefined} />
            </svg>
            {n.text}
            {n.unit && <small>{n.unit}</small>}
            {n.left && <small>{w.t('station.no_scale')}</small>}
          </li>
        ))}
        {spread && (
          <li>
            <i class="spread" />
            {w.t('station.spread')}
          </li>
        )}
        {beyondCount(d, held.value) > 0 && (
          <li>
            <i class="beyond" />
            {w.t('station.beyond')}
          </li>
        )}
        {[...statuses].map((s) => (
          <li key={s}>
            <i class={`hatch ${s === 'fault' ? 'fault' : 'calibrating'}`} />
            {w.named('status', s)}
          </li>
        ))}
        {kinds.has('late') && (
          <li>
            <svg viewBox="0 0 12 12" aria-hidden="true" class="point">
              <path d="M6 1l5 5-5 5-5-5Z" />
            </svg>
            {w.t('mark.late')}
          </li>
        )}
        {kinds.has('revised') && (
          <li>
            <svg viewBox="0 0 12 12" aria-hidden="true" class="point">
              <path d="M2 2h8v8H2Z" />
            </svg>
            {w.t('mark.revised')}
          </li>
        )}
      </ul>
      <p id="chart-keys" class="note">
        {w.t('station.keys')}
      </p>
    </figcaption>
  )
}
