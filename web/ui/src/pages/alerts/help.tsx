import { Dialog } from '../../parts/dialog.tsx'
import { words } from '../../state.ts'
import { KEYS, keysOn, setKeys } from './keys.ts'

/** The keys of the page. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const w = words.value
  return (
    <Dialog title={w.t('keys.title')} onClose={onClose}>
      <KeyList />
      <label class="check">
        <input type="checkbox" checked={keysOn.value} onChange={(e) => setKeys(e.currentTarget.checked)} />
        {w.t('keys.on')}
      </label>
    </Dialog>
  )
}

export function KeyList() {
  const w = words.value
  return (
    <dl class="keys">
      {KEYS.map(([key, text]) => (
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
