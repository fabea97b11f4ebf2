import { Header } from './panels/header.tsx'
import { Lists } from './panels/lists.tsx'
import { MapView } from './panels/map.tsx'
import { SignIn } from './panels/sign-in.tsx'
import { StationPanel } from './panels/station.tsx'
import { needsToken, selectedStation, words } from './state.ts'

export function App() {
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
