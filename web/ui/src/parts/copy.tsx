import { useSignal } from '@preact/signals'
import { words } from '../state.ts'

/** Copies a text, and says whether that worked: a page without TLS may not be allowed to. */
export function Copy({ text, of, label }: { text: string | (() => string); of: string; label?: string }) {
  const w = words.value
  const done = useSignal<'copy' | 'copied' | 'copy_failed'>('copy')
  const onClick = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : text())
      done.value = 'copied'
    } catch {
      done.value = 'copy_failed'
    }
  }
  return (
    <button type="button" class="quiet" aria-label={`${label ?? w.t('act.copy')}: ${of}`} onClick={onClick}>
      <span role="status">{done.value === 'copy' && label ? label : w.t(`act.${done.value}`)}</span>
    </button>
  )
}
