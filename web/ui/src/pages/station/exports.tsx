import { shortName } from '../../panels/figures.ts'
import { csv, save, savePicture } from '../../parts/csv.ts'
import { model, parameters, parks, stations, words } from '../../state.ts'
import { fileName, pictureOf, spanText, tableOf } from './export.ts'
import { namesOf, unitOf } from './model.ts'
import { paletteOf } from './palette.ts'
import { plotHeld } from './picture.ts'
import { drawn, held, station } from './state.ts'

/** The figures as a file for a spreadsheet, the chart as a picture. */
export function Exports() {
  const w = words.value
  const d = drawn.state.value.value
  const none = !d || d.line.length === 0
  return (
    <div class="exports">
      <button type="button" class="quiet" disabled={none} onClick={saveTable}>
        {w.t('station.csv')}
      </button>
      <button type="button" class="quiet" disabled={none || !plotHeld.value} onClick={() => void saveChart()}>
        {w.t('station.png')}
      </button>
    </div>
  )
}

function names() {
  return { words: words.peek(), parameters: parameters.peek(), stations: stations.peek() }
}

function saveTable(): void {
  const d = drawn.state.peek().value
  if (d) save(`${fileName(d)}.csv`, csv(tableOf(d, held.peek(), unitOf(d.of, names()))))
}

async function saveChart(): Promise<void> {
  const d = drawn.state.peek().value
  const plot = plotHeld.peek()
  const s = station.peek()
  if (!d || !plot || !s) return
  const w = words.peek()
  const laws = held.peek().map((l) => `${l.reference} (${w.t(l.verified ? 'alert.verified' : 'alert.unverified')})`)
  const picture = pictureOf(
    plot.canvas(),
    {
      title: `${w.text(s.name)}: ${shortName(d.of.parameter, parameters.peek(), w)}`,
      lines: [
        [w.text(parks.peek().get(s.park)?.name), spanText(d.span, w)].filter(Boolean).join(' · '),
        [...new Set(laws)].join('; ') || w.t('station.no_law'),
      ],
      names: namesOf(d, names()),
      foot: w.t('station.source', { title: w.text(model.peek().info?.title), when: w.moment(Date.now()) }),
    },
    paletteOf(plot.box),
    devicePixelRatio,
  )
  await savePicture(`${fileName(d)}.png`, picture)
}
