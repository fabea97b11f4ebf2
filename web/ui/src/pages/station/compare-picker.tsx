import { shortName } from '../../panels/figures.ts'
import { parameters, stations, words } from '../../state.ts'
import { keyOf, MOST_COMPARED, type Of } from './compare.ts'
import { compare, compared, main, station } from './state.ts'

/** What lies beside the line: another parameter here, or the same one at another station. */
export function Compare() {
  const w = words.value
  const here = station.value
  if (!here) return null
  const full = compared.value.length >= MOST_COMPARED
  const add = (text: string) => {
    const [kind, name] = [text.slice(0, 2), text.slice(2)]
    const of: Of = kind === 'p.' ? { ...main.peek(), parameter: name } : { ...main.peek(), station: name }
    compare([...compared.peek(), of])
  }
  const taken = new Set(compared.value.map(keyOf))
  const codes = here.parameters.filter((c) => c !== main.value.parameter)
  return (
    <div class="compare">
      <label>
        <span class="heard">{w.t('station.compare')}</span>
        <select
          disabled={full}
          value=""
          onChange={(e) => {
            if (e.currentTarget.value) add(e.currentTarget.value)
            e.currentTarget.value = ''
          }}
        >
          <option value="">{w.t(full ? 'station.compare_full' : 'station.compare')}</option>
          <optgroup label={w.t('station.compare_parameters')}>
            {codes
              .filter((c) => !taken.has(keyOf({ station: here.id, parameter: c })))
              .map((c) => (
                <option key={c} value={`p.${c}`}>
                  {shortName(c, parameters.value, w)}
                </option>
              ))}
          </optgroup>
          <optgroup label={w.t('station.compare_stations')}>
            {others(here.park)
              .filter((id) => !taken.has(keyOf({ station: id, parameter: main.value.parameter })))
              .map((id) => (
                <option key={id} value={`s.${id}`}>
                  {w.text(stations.value.get(id)?.name)}
                </option>
              ))}
          </optgroup>
        </select>
      </label>
      <Chips here={here.id} />
    </div>
  )
}

/** What is compared; a press takes it out. */
function Chips({ here }: { here: string }) {
  const w = words.value
  return (
    <>
      {compared.value.map((c) => (
        <button
          key={keyOf(c)}
          type="button"
          class="chip"
          onClick={() => compare(compared.peek().filter((x) => keyOf(x) !== keyOf(c)))}
        >
          {c.station === here
            ? shortName(c.parameter, parameters.value, w)
            : w.text(stations.value.get(c.station)?.name) || c.station}
          <span class="heard"> {w.t('station.compare_less')}</span>
          <span aria-hidden="true"> ×</span>
        </button>
      ))}
    </>
  )
}

/** The stations that measure the same, those of the same park first. */
function others(park: string): string[] {
  const w = words.value
  const { station: here, parameter } = main.value
  const all = [...stations.value.values()].filter((s) => s.id !== here && s.parameters.includes(parameter))
  const far = (s: { park: string }) => Number(s.park !== park)
  return all
    .sort((a, b) => far(a) - far(b) || w.text(a.name).localeCompare(w.text(b.name), w.language))
    .map((s) => s.id)
}
