import { EVERYWHERE, type KeyRow, keysOn, ON_ALERTS, ON_MAP, setKeys } from '../keys.ts'
import { Dialog } from '../parts/dialog.tsx'
import { helping, words } from '../state.ts'

/** Every key of the whole page. */
export function Help() {
  const w = words.value
  const close = () => {
    helping.value = false
  }
  return (
    <Dialog title={w.t('keys.title')} onClose={close} wide>
      <div class="all-keys">
        <Keys title={w.t('keys.everywhere')} rows={EVERYWHERE} />
        <Keys title={w.t('keys.on_map')} rows={ON_MAP} />
        <Keys title={w.t('keys.on_alerts')} rows={ON_ALERTS.filter(([key]) => key !== '?' && key !== 'Esc')} />
      </div>
      <label class="check">
        <input type="checkbox" checked={keysOn.value} onChange={(e) => setKeys(e.currentTarget.checked)} />
        {w.t('keys.on')}
      </label>
    </Dialog>
  )
}

function Keys({ title, rows }: { title: string; rows: readonly KeyRow[] }) {
  const w = words.value
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {rows.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{w.t(text)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
