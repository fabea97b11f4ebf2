import { useSignal } from '@preact/signals'
import { fromLocal, toLocal } from '../../parts/zone.ts'
import { words } from '../../state.ts'
import { clamp } from './span.ts'
import { showSpan, span } from './state.ts'

/** The span in the reader's own times. They count when they are a span; until then the chart stays as it is. */
export function OwnSpan() {
  const w = words.value
  const { from, to } = span.value
  const wrong = useSignal(false)
  const take = (field: 'from' | 'to') => (e: Event) => {
    const text = (e.currentTarget as HTMLInputElement).value
    const at = fromLocal(text)
    const next = { from, to, [field]: at ?? Number.NaN }
    wrong.value = !(next.from < next.to)
    if (!wrong.value) showSpan({ ...clamp(next.from, next.to, Date.now()), name: null }, 'replace')
  }
  const short = (at: number) => toLocal(at).slice(0, 16)
  return (
    <div class="own-span">
      <label>
        <span class="heard">{w.t('station.from')}</span>
        <input type="datetime-local" value={short(from)} aria-invalid={wrong.value} onChange={take('from')} />
      </label>
      <span aria-hidden="true">–</span>
      <label>
        <span class="heard">{w.t('station.to')}</span>
        <input type="datetime-local" value={short(to)} aria-invalid={wrong.value} onChange={take('to')} />
      </label>
      {wrong.value && <span role="alert">{w.t('station.bad_span')}</span>}
    </div>
  )
}
