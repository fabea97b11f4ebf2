import { useSignal } from '@preact/signals'
import { notify, permission, setNotify, setSound, sound } from '../../herald.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { openAlerts, words } from '../../state.ts'
import { SEVERITIES } from '../../wire.ts'
import { KeyList } from './help.tsx'

/** What stands beside the list while no alert is chosen: how much is open, how to be told, and the keys. */
export function Idle() {
  const w = words.value
  const all = [...openAlerts.value.values()]
  return (
    <aside class="entry idle" aria-label={w.t('alerts.beside')}>
      <p>{w.t('alerts.choose')}</p>
      <ul class="grades">
        {SEVERITIES.map((s) => (
          <li key={s}>
            <SeveritySign severity={s} />
            <b>{w.count(all.filter((a) => a.severity === s).length)}</b>
          </li>
        ))}
      </ul>
      <Heralds />
      <div class="keys-box">
        <h3>{w.t('keys.title')}</h3>
        <KeyList />
      </div>
    </aside>
  )
}

function Heralds() {
  const w = words.value
  const refused = useSignal(false)
  const able = permission()
  return (
    <section aria-label={w.t('herald.title')}>
      <h3>{w.t('herald.title')}</h3>
      <label class="check">
        <input type="checkbox" checked={sound.value} onChange={(e) => setSound(e.currentTarget.checked)} />
        {w.t('herald.sound')}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={notify.value}
          disabled={able === 'unsupported'}
          onChange={(e) => {
            const box = e.currentTarget
            void setNotify(box.checked).then((as) => {
              refused.value = !as
              box.checked = notify.peek()
            })
          }}
        />
        {w.t('herald.notify')}
      </label>
      {able === 'unsupported' && <p class="note">{w.t('herald.unsupported')}</p>}
      {(refused.value || able === 'denied') && <p class="note">{w.t('herald.refused')}</p>}
      <p class="note">{w.t('herald.hint')}</p>
    </section>
  )
}
