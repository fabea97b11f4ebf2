import type { Signal } from '@preact/signals'
import { words } from '../../state.ts'
import { degrees, numberOf } from './draft.ts'
import { useFaults } from './field.tsx'
import type { FormProps } from './form.tsx'
import { movedCorner, withoutCorner } from './outline.ts'

/** The corners of a park's outline as numbers, which is the way of the keyboard, and the switch that draws them. */
export function OutlineFields({ draft: d, change, drawing }: FormProps & { drawing: Signal<boolean> }) {
  const w = words.value
  const wrong = useFaults('area')
  const typed = (i: number, axis: 0 | 1, text: string) => {
    const n = numberOf(text)
    const p = d.outline[i]
    if (typeof n !== 'number' || !p) return
    change({ outline: movedCorner(d.outline, i, axis === 0 ? [n, p[1]] : [p[0], n]) })
  }
  const last = d.outline.at(-1) ?? [Number(numberOf(d.lon)) || 107, Number(numberOf(d.lat)) || 11]
  return (
    <fieldset class="outline">
      <legend>{w.t('registry.outline')}</legend>
      <div class="outline-acts">
        <button
          type="button"
          class="quiet"
          aria-pressed={drawing.value}
          onClick={() => {
            drawing.value = !drawing.value
          }}
        >
          {w.t('registry.draw')}
        </button>
        <button type="button" class="quiet" onClick={() => change({ outline: [...d.outline, [last[0], last[1]]] })}>
          {w.t('registry.add_corner')}
        </button>
        {d.outline.length > 0 && (
          <button type="button" class="link grave" onClick={() => change({ outline: [] })}>
            {w.t('registry.clear_outline')}
          </button>
        )}
      </div>
      {d.outline.length === 0 && <p class="soft">{w.t('registry.no_outline')}</p>}
      {d.outline.length > 0 && (
        <ol class="corners">
          {d.outline.map((p, i) => (
            <li key={`${i} ${d.outline.length}`}>
              <input
                aria-label={`${w.t('registry.corner', { n: i + 1 })}: ${w.t('registry.lon')}`}
                inputMode="decimal"
                value={degrees(p[0])}
                onChange={(e) => typed(i, 0, e.currentTarget.value)}
              />
              <input
                aria-label={`${w.t('registry.corner', { n: i + 1 })}: ${w.t('registry.lat')}`}
                inputMode="decimal"
                value={degrees(p[1])}
                onChange={(e) => typed(i, 1, e.currentTarget.value)}
              />
              <button
                type="button"
                class="quiet icon"
                aria-label={w.t('registry.drop_corner', { n: i + 1 })}
                onClick={() => change({ outline: withoutCorner(d.outline, i) })}
              >
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="M5 5l14 14M19 5L5 19" />
                </svg>
              </button>
            </li>
          ))}
        </ol>
      )}
      {wrong.length > 0 && (
        <small class="wrong" lang="en">
          {wrong.join('; ')}
        </small>
      )}
    </fieldset>
  )
}
