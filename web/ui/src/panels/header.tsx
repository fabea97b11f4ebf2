import { hasToken } from '../api.ts'
import { signOut } from '../start.ts'
import { language, model, now, setLanguage, setTheme, stations, theme, words } from '../state.ts'
import { counts } from '../store.ts'
import { STATES } from '../wire.ts'
import { Search } from './search.tsx'
import { StateSign } from './sign.tsx'

export function Header() {
  const w = words.value
  const info = model.value.info
  return (
    <header class="top">
      <div class="title">
        <h1>{info ? w.text(info.title) : 'quantrac'}</h1>
        <p>
          {w.t('app.name')}
          {info?.demo && <span class="demo">{w.t('app.demo')}</span>}
        </p>
      </div>
      <Counts />
      <Search />
      <Connection />
      <div class="switches">
        <button type="button" class="quiet" lang={language.value === 'vi' ? 'en' : 'vi'} onClick={switchLanguage}>
          {w.t('language.switch')}
        </button>
        <ThemeSwitch />
        {hasToken() && (
          <button type="button" class="quiet" onClick={signOut}>
            {w.t('sign_in.out')}
          </button>
        )}
      </div>
    </header>
  )
}

function switchLanguage() {
  setLanguage(language.peek() === 'vi' ? 'en' : 'vi')
}

function Counts() {
  const w = words.value
  const n = counts(stations.value)
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
  const { connection, heardAt } = model.value
  return (
    <div class={`connection ${connection}`} data-connection={connection}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {connection === 'live' ? <circle cx="6" cy="6" r="4.5" /> : <path d="M2 2l8 8M10 2l-8 8" />}
      </svg>
      <div>
        <b role="status">{w.t(`connection.${connection}`)}</b>
        {heardAt !== null && <small>{w.t('connection.heard', { when: w.ago(heardAt, now.value) })}</small>}
      </div>
    </div>
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
