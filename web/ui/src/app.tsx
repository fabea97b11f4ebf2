import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Header } from './panels/header.tsx'
import { Lists } from './panels/lists.tsx'
import { MapView } from './panels/map.tsx'
import { SignIn } from './panels/sign-in.tsx'
import { StationPanel } from './panels/station.tsx'
import { language, needsToken, selectedStation, theme, words } from './state.ts'

export function App() {
  useEffect(
    () =>
      effect(() => {
        document.documentElement.lang = language.value
        document.documentElement.dataset.theme = theme.value
      }),
    [],
  )
  if (needsToken.value) return <SignIn />
  return (
    <>
      <a class="skip" href="#list">
        {words.value.t('app.skip')}
      </a>
      <Header />
      <main class={selectedStation.value ? 'body with-panel' : 'body'}>
        <Lists />
        <MapView />
        <StationPanel />
      </main>
    </>
  )
}
