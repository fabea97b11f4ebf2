import { Segments } from '../../parts/segments.tsx'
import { toLocal } from '../../parts/zone.ts'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { RANGES, type Range } from './span.ts'
import { code, onlyMissed, park, parkName, report, span, text } from './state.ts'

/** The span of time and the filter. */
export function Controls() {
  const w = words.value
  const { range } = span.value
  return (
    <div class="filters">
      <Segments
        label={w.t('six.range')}
        options={RANGES.map((r) => [r, w.t(`six.${r}`)] as const)}
        value={range}
        choose={choose}
      />
      {range === 'own' && <OwnTimes />}
      <input
        type="search"
        aria-label={w.t('six.filter')}
        placeholder={w.t('six.filter')}
        spellcheck={false}
        autocomplete="off"
        value={text.value}
        onInput={(e) => refine({ q: e.currentTarget.value })}
      />
      <ParkPicker />
      <label class="check">
        <input
          type="checkbox"
          checked={onlyMissed.value}
          onChange={(e) => refine({ only: e.currentTarget.checked ? 'missed' : '' })}
        />
        {w.t('six.only_missed')}
      </label>
      {code.value && (
        <button type="button" class="quiet" onClick={() => refine({ todo: '' })}>
          {w.t('six.todo_clear')} ×
        </button>
      )}
    </div>
  )
}

function ParkPicker() {
  const w = words.value
  const ids = (report.state.value.value?.parks ?? []).map((p) => p.park).filter(Boolean)
  const options = ids.map((id) => [id, parkName(id)] as const).sort((a, b) => a[1].localeCompare(b[1], w.language))
  return (
    <select aria-label={w.t('six.park')} value={park.value} onChange={(e) => refine({ park: e.currentTarget.value })}>
      <option value="">{w.t('six.all_parks')}</option>
      {options.map(([id, name]) => (
        <option key={id} value={id} selected={id === park.value}>
          {name}
        </option>
      ))}
    </select>
  )
}

/** Own times begin with those that are shown. */
function choose(range: Range): void {
  const { from, to } = span.peek()
  const own = range === 'own' ? { from: minute(from), to: minute(to) } : { from: '', to: '' }
  refine({ range: range === '24h' ? '' : range, ...own }, 'push')
}

function minute(at: number): string {
  return toLocal(at).slice(0, 16)
}

function OwnTimes() {
  const w = words.value
  const { from, to } = span.value
  return (
    <div class="own-times">
      <label>
        {w.t('six.from')}
        <input
          type="datetime-local"
          value={minute(from)}
          onChange={(e) => refine({ from: e.currentTarget.value, to: minute(to) })}
        />
      </label>
      <label>
        {w.t('six.to')}
        <input
          type="datetime-local"
          value={minute(to)}
          onChange={(e) => refine({ to: e.currentTarget.value, from: minute(from) })}
        />
      </label>
    </div>
  )
}
