import '../styles/account.css'
import { language, setLanguage, words } from '../state.ts'
import { Enter } from './enter.tsx'

/** Stands in place of everything, when the server shows nothing to strangers. */
export function SignIn() {
  const w = words.value
  return (
    <main class="door">
      <section class="door-box" aria-labelledby="door-title">
        <DoorHead title={w.t('sign_in.title')} />
        <Enter done={() => undefined} />
      </section>
    </main>
  )
}

export function DoorHead({ title }: { title: string }) {
  const w = words.value
  return (
    <div class="door-head">
      <div>
        <p>quantrac · {w.t('app.name')}</p>
        <h1 id="door-title">{title}</h1>
      </div>
      <button
        type="button"
        class="quiet"
        lang={language.value === 'vi' ? 'en' : 'vi'}
        onClick={() => setLanguage(language.peek() === 'vi' ? 'en' : 'vi')}
      >
        {w.t('language.switch')}
      </button>
    </div>
  )
}
