import { parkName } from '../../panels/account.tsx'
import { roleName } from '../../parts/notes.tsx'
import { parks, words } from '../../state.ts'

const CHOICES = ['viewer', 'officer', 'admin'] as const

export interface Access {
  role: string
  parks: string[]
}

/** What somebody may do, and where. */
export function AccessFields({ value, change }: { value: Access; change: (to: Access) => void }) {
  const w = words.value
  const toggle = (id: string) => {
    const chosen = value.parks.includes(id) ? value.parks.filter((p) => p !== id) : [...value.parks, id]
    change({ ...value, parks: chosen })
  }
  return (
    <>
      <fieldset>
        <legend>{w.t('account.role')}</legend>
        {CHOICES.map((role) => (
          <label class="check" key={role}>
            <input
              type="radio"
              name="role"
              value={role}
              checked={value.role === role}
              onChange={() => change({ role, parks: role === 'admin' ? [] : value.parks })}
            />
            <span>
              {roleName(role)} <small>{w.t(`users.${role}_may`)}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {value.role === 'officer' && (
        <fieldset>
          <legend>
            {w.t('users.parks')} <small>{w.t('users.parks_hint')}</small>
          </legend>
          <div class="chooser">
            <ul>
              {[...parks.value.values()].map((p) => (
                <li key={p.id}>
                  <label class="check">
                    <input type="checkbox" checked={value.parks.includes(p.id)} onChange={() => toggle(p.id)} />
                    <span>{w.text(p.name)}</span>
                  </label>
                </li>
              ))}
            </ul>
          </div>
        </fieldset>
      )}
    </>
  )
}

export function Scope({ of }: { of: Access }) {
  const w = words.value
  const MOST = 2
  if (of.role === 'viewer') return <span>—</span>
  if (of.parks.length === 0) return <span>{w.t('account.all_parks')}</span>
  const names = of.parks.map(parkName)
  return (
    <span title={names.join(', ')}>
      {names.slice(0, MOST).join(', ')}
      {names.length > MOST && ` +${names.length - MOST}`}
    </span>
  )
}
