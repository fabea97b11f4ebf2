import { Segments } from '../../parts/segments.tsx'
import { toLocal } from '../../parts/zone.ts'
import { refine } from '../../router.ts'
import { words } from '../../state.ts'
import { RANGES, type Range } from './range.ts'
import { onlyOpen, span, text } from './state.ts'

/** The span of time and the filter. */
export function Controls() {
  const w = words.value
  const { range } = span.value
  return (
    <div class="filters">
      <Segments
        label={w.t('ledger.range')}
        options={RANGES.map((r) => [r, w.t(`ledger.${r}`)] as const)}
        value={range}
        choose={choose}
      />
      {range === 'own' && <OwnTimes />}
      <input
        type="search"
        aria-label={w.t('ledger.filter')}
        placeholder={w.t('ledger.filter')}
        spellcheck={false}
        autocomplete="off"
        value={text.value}
        onInput={(e) => refine({ q: e.currentTarget.value })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={onlyOpen.value}
          onChange={(e) => refine({ only: e.currentTarget.checked ? 'open' : '' })}
        />
        {w.t('ledger.only_open')}
      </label>
    </div>
  )
}

/** Own times begin with those that are shown. */
function choose(range: Range): void {
  const { from, to } = span.peek()
  const own = range === 'own' ? { from: minute(from), to: minute(to) } : { from: '', to: '' }
  refine({ range: range === 'today' ? '' : range, ...own }, 'push')
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
        {w.t('ledger.from')}
        <input
          type="datetime-local"
          value={minute(from)}
          onChange={(e) => refine({ from: e.currentTarget.value, to: minute(to) })}
        />
      </label>
      <label>
        {w.t('ledger.to')}
        <input
          type="datetime-local"
          value={minute(to)}
          onChange={(e) => refine({ to: e.currentTarget.value, from: minute(from) })}
        />
      </label>
    </div>
  )
}
