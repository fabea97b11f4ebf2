import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { FIGURES, type ParkFigures } from '../../wire-quality.ts'
import { missed } from './figures.ts'
import { Bar, Share } from './mark.tsx'
import { park, parkName } from './state.ts'

/** One line for each park, the worst first. */
export function Parks({ of: parks }: { of: readonly ParkFigures[] }) {
  const w = words.value
  const lowest = (p: ParkFigures) => p.complete.value ?? 1
  const sorted = [...parks].sort(
    (a, b) => missed(b) - missed(a) || lowest(a) - lowest(b) || a.park.localeCompare(b.park),
  )
  return (
    <details class="by-park">
      <summary>
        <h3>
          {w.t('six.parks')} <small>{w.count(parks.length)}</small>
        </h3>
      </summary>
      <table class="grid stacked six-lines">
        <caption class="heard">{w.t('six.parks')}</caption>
        <thead>
          <tr>
            <th scope="col">{w.t('six.park')}</th>
            <th scope="col" class="num">
              {w.t('six.count')}
            </th>
            {FIGURES.map((name) => (
              <th key={name} scope="col" class="num">
                {w.t(`six.${name}`)} %
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((p) => (
            <tr key={p.park}>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-pressed={park.value === p.park}
                  onClick={() => refine({ park: park.value === p.park ? '' : p.park })}
                >
                  {parkName(p.park)}
                </button>
              </th>
              <td class="num" data-label={w.t('six.count')}>
                {w.count(p.stations)}
              </td>
              {FIGURES.map((name) => (
                <td key={name} class="num" data-label={w.t(`six.${name}`)}>
                  <Share name={name} of={p} />
                  {name === 'complete' && p.complete.value !== null && <Bar name="complete" of={p} floor />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
