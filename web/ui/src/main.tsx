import './styles/fonts.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/nav.css'
import './styles/parts.css'
import './styles/keys.css'
import { effect } from '@preact/signals'
import { render } from 'preact'
import { told } from './alert.ts'
import { App } from './app.tsx'
import { learn } from './i18n/format.ts'
import { place } from './router.ts'
import { pages } from './routes.ts'
import { start } from './start.ts'
import { language, model, theme, words } from './state.ts'

// Before the first render, so that a dark page never shows itself light.
effect(() => {
  document.documentElement.lang = language.value
  document.documentElement.dataset.theme = theme.value
})
effect(() => {
  const { page } = place.value
  const title = words.value.text(model.value.info?.title)
  const open = told(model.value.alerts).length
  const name = [page === 'map' ? '' : words.value.t(`page.${page}`), title, 'quantrac'].filter(Boolean).join(' · ')
  document.title = open > 0 ? `(${open}) ${name}` : name
})

/** Begins in the reader's language, or in Vietnamese where that cannot be had. */
learn(language.peek()).then(begin, begin)

function begin(): void {
  const root = document.getElementById('app')
  if (place.peek().page === 'recipient') {
    // Who comes by a link has no account: his page asks for nothing but what the link opens.
    const Own = pages.recipient.Page
    if (root) render(<Own />, root)
  } else {
    if (root) render(<App />, root)
    start()
  }
}
