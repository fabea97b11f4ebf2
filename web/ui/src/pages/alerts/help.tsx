import { ON_ALERTS } from '../../keys.ts'
import { words } from '../../state.ts'

/** The keys of the page. */
export function KeyList() {
  const w = words.value
  return (
    <dl class="keys">
      {ON_ALERTS.map(([key, text]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{w.t(text)}</dd>
        </div>
      ))}
    </dl>
  )
}
