import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { learnRest } from '../i18n/format.ts'
import { words } from '../state.ts'

/** A page, or a part of one, whose code comes when it is first asked for. */
export interface Lazy {
  /** Fetches the code ahead of the press. */
  prepare: () => void
  Page: ComponentType
}

/** `first` is part of the first view, and needs no texts but those that are there. */
export function lazy(load: () => Promise<ComponentType>, what: 'page' | 'part' | 'first' = 'page'): Lazy {
  const got = signal<ComponentType | null>(null)
  const failed = signal(false)
  let asked = false
  const prepare = () => {
    if (asked) return
    asked = true
    Promise.all([load(), what === 'first' ? null : learnRest()]).then(
      ([component]) => {
        got.value = component
      },
      () => {
        asked = false
        failed.value = true
      },
    )
  }
  const again = () => {
    failed.value = false
    prepare()
  }
  function Page() {
    useEffect(prepare, [])
    const Component = got.value
    if (Component) return <Component />
    const w = words.value
    const Frame = what === 'page' ? 'main' : 'div'
    return (
      <Frame class={what === 'page' ? 'page' : 'part'}>
        {failed.value ? (
          <div class="note-box bad" role="alert">
            <p>{w.t('page.not_loaded')}</p>
            <button type="button" class="quiet" onClick={again}>
              {w.t('load.retry')}
            </button>
          </div>
        ) : (
          <p class="waiting" role="status">
            {w.t('load.loading')}
          </p>
        )}
      </Frame>
    )
  }
  return { prepare, Page }
}
