import { hasToken } from '../http.ts'
import { roleName } from '../parts/notes.tsx'
import { place } from '../router.ts'
import {
  helping,
  language,
  me,
  model,
  present,
  role,
  setLanguage,
  setTheme,
  stateCounts,
  theme,
  tokenDialog,
  words,
} from '../state.ts'
import { unsure } from '../store.ts'
import { STATES } from '../wire.ts'
import { Nav } from './nav.tsx'
import { Search } from './search.tsx'
import { StateSign } from './sign.tsx'

export function Header() {
  const w = words.value
  const info = model.value.info
  return (
    <header class={place.value.page === 'map' ? 'top' : 'top elsewhere'}>
      <div class="title">
        <h1>{info ? w.text(info.title) : 'quantrac'}</h1>
        <p>
          <span class="sub">{w.t('app.name')}</span>
          {info?.demo && <span class="demo">{w.t('app.demo')}</span>}
        </p>
      </div>
      <Nav />
      <Counts />
      <Search />
      <Connection />
      <div class="switches">
        <button type="button" class="quiet" lang={language.value === 'vi' ? 'en' : 'vi'} onClick={switchLanguage}>
          {w.t('language.switch')}
        </button>
        <ThemeSwitch />
        <HelpSwitch />
        <RoleSwitch />
      </div>
    </header>
  )
}

function switchLanguage() {
  setLanguage(language.peek() === 'vi' ? 'en' : 'vi')
}

function Counts() {
  const w = words.value
  const n = stateCounts.value
  return (
    <ul class="counts" aria-label={w.t('legend.title')}>
      {STATES.filter((s) => n[s] > 0).map((s) => (
        <li key={s} title={w.t(`state.${s}`)}>
          <StateSign state={s} alone />
          <b>{n[s]}</b>
        </li>
      ))}
    </ul>
  )
}

function Connection() {
  const w = words.value
  const { heardAt } = model.value
  const connection = unsure(model.value, present.value) ? 'unsure' : model.value.connection
  const silent = connection === 'unsure' && heardAt !== null
  return (
    <div class={`connection ${connection}`} data-connection={connection}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={CONNECTION[connection]} />
      </svg>
      <div>
        <b role="status">{w.t(`connection.${connection}`)}</b>
        {heardAt !== null && (
          <small>
            {silent
              ? w.t('connection.silent', { age: w.age(heardAt, present.value) })
              : w.t('connection.heard', { when: w.ago(heardAt, present.value) })}
          </small>
        )}
      </div>
    </div>
  )
}

/** A disc, a half disc, a cross: the state reads without its colour. */
const CONNECTION = {
  live: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z',
  unsure: 'M6 1.5a4.5 4.5 0 1 0 0 9ZM6 1.5a4.5 4.5 0 0 1 0 9',
  connecting: 'M2 2l8 8M10 2l-8 8',
  reconnecting: 'M2 2l8 8M10 2l-8 8',
  offline: 'M2 2l8 8M10 2l-8 8',
}

/** Who the server takes this reader for, and the way to more. */
function RoleSwitch() {
  const w = words.value
  const given = role.value // read in any case: a token that is taken changes nothing else here
  const open = () => {
    tokenDialog.value = true
  }
  return (
    <button type="button" class="quiet role" title={w.t('account.title')} onClick={open}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 11.5a4 4 0 1 0-.1 0ZM4.5 20.5c0-4.3 3-6.8 7.5-6.8s7.5 2.5 7.5 6.8" />
      </svg>
      <span>{me.value?.name ?? (hasToken() ? roleName(given) : w.t('account.sign_in'))}</span>
    </button>
  )
}

function ThemeSwitch() {
  const w = words.value
  const dark = theme.value === 'dark'
  const text = w.t(dark ? 'theme.to_light' : 'theme.to_dark')
  return (
    <button
      type="button"
      class="quiet icon"
      aria-label={text}
      title={text}
      onClick={() => setTheme(dark ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        {dark ? (
          <path d="M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM12 1.5v2.4M12 20.1v2.4M1.5 12h2.4M20.1 12h2.4M4.6 4.6l1.7 1.7M17.7 17.7l1.7 1.7M4.6 19.4l1.7-1.7M17.7 6.3l1.7-1.7" />
        ) : (
          <path d="M20 14.2A8.2 8.2 0 0 1 9.8 4 8.2 8.2 0 1 0 20 14.2Z" />
        )}
      </svg>
    </button>
  )
}

function HelpSwitch() {
  const w = words.value
  const open = () => {
    helping.value = true
  }
  return (
    <button
      type="button"
      class="quiet icon help"
      aria-label={w.t('keys.title')}
      title={w.t('keys.title')}
      aria-keyshortcuts="?"
      onClick={open}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M8.6 9a3.5 3.5 0 1 1 5.3 3c-1.2.7-1.9 1.5-1.9 3M12 18.4v.2" />
      </svg>
    </button>
  )
}
