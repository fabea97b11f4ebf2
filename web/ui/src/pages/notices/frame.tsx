import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { troubleText } from '../../parts/attempt.ts'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { Segments } from '../../parts/segments.tsx'
import { words } from '../../state.ts'
import { RESULTS } from './client.ts'
import type { Deliveries } from './pager.ts'

interface Said {
  text: string
  bad: boolean
}

/** Sends one delivery again, and says what came of it. */
export function useAgain(list: { load: () => void }, again: (id: string) => Promise<unknown>) {
  const told = useSignal<Said | null>(null)
  const redeliver = async (id: string) => {
    try {
      await again(id)
      told.value = { text: words.peek().t('deliveries.queued'), bad: false }
      list.load()
    } catch (err) {
      told.value = { text: troubleText(err), bad: true }
    }
  }
  return { told, redeliver: (id: string) => void redeliver(id) }
}

interface FrameProps<T> {
  list: Deliveries<T>
  told: Signal<Said | null>
  /** Beside the choice of results. */
  act?: ComponentChildren
  children: (items: readonly T[]) => ComponentChildren
}

/** Deliveries around their table: which results are shown, what was said last, how far the list is. */
export function DeliveryFrame<T>({ list, told, act, children }: FrameProps<T>) {
  const w = words.value
  const { status, error, value } = list.state.value
  const items = list.items.value
  return (
    <section class="deliveries" aria-label={w.t('deliveries.title')}>
      <div class="deliveries-head">
        <h3>{w.t('deliveries.title')}</h3>
        <Segments
          label={w.t('deliveries.filter')}
          options={RESULTS.map((r) => [r, w.t(`deliveries.${r || 'any'}`)] as const)}
          value={list.result.value}
          choose={(r) => list.choose(r)}
        />
        {act}
      </div>
      {told.value && (
        <p class={told.value.bad ? '' : 'told fine'} role={told.value.bad ? 'alert' : 'status'}>
          {told.value.text}
        </p>
      )}
      {status === 'failed' && <Failed error={error} again={() => list.load()} />}
      {status === 'loading' && !value && <Waiting />}
      {value && items.length === 0 && (
        <Empty text={w.t(list.result.value === '' ? 'deliveries.none' : 'deliveries.none_such')} />
      )}
      {items.length > 0 && children(items)}
      {list.trouble.value !== null && <Failed error={list.trouble.value} />}
      {list.hasMore.value && (
        <button type="button" class="quiet more" onClick={() => void list.more()}>
          {w.t('load.more')}
        </button>
      )}
    </section>
  )
}
