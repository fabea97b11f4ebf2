import { useRef } from 'preact/hooks'
import type { Fault } from '../../http.ts'
import { can, words } from '../../state.ts'
import { faults, text } from './desk.ts'
import { offsetOf } from './draft.ts'

/** The draft as text, its lines numbered, each fault at its line. */
export function YamlText() {
  const w = words.value
  const area = useRef<HTMLTextAreaElement>(null)
  const count = text.value.split('\n').length
  const wrong = new Set(faults.value.map((f) => f.line))
  const goTo = (f: Fault) => {
    const at = offsetOf(text.peek(), f.line ?? 1, f.column ?? 1)
    area.current?.focus()
    area.current?.setSelectionRange(at, at)
  }
  return (
    <div class="yaml">
      <div class="yaml-text">
        <ol aria-hidden="true">
          {Array.from({ length: count }, (_, i) => (
            <li key={i} class={wrong.has(i + 1) ? 'wrong' : ''}>
              {i + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={area}
          aria-label={w.t('draft.text')}
          aria-invalid={wrong.size > 0}
          rows={count}
          wrap="off"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          readOnly={!can('officer')}
          value={text.value}
          onInput={(e) => {
            text.value = e.currentTarget.value
          }}
        />
      </div>
      {faults.value.length > 0 && (
        <ul class="faults">
          {faults.value.map((f) => (
            <li key={`${f.field}${f.line}${f.detail}`}>
              <button type="button" class="link" onClick={() => goTo(f)}>
                {w.t('draft.at', { line: f.line ?? 1, column: f.column ?? 1 })}
              </button>{' '}
              <span lang="en">
                {f.field && <code>{f.field}</code>} {f.detail}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
