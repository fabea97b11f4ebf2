import { useRef } from 'preact/hooks'
import { AccountDialog } from './panels/account.tsx'
import { Header } from './panels/header.tsx'
import { Help } from './panels/help.tsx'
import { SignIn } from './panels/sign-in.tsx'
import { place } from './router.ts'
import { pages, SetUp } from './routes.ts'
import { setupToken } from './session.ts'
import { helping, needsToken, tokenDialog, words } from './state.ts'

export function App() {
  const mapWasOpen = useRef(false)
  if (setupToken.value) return <SetUp.Page />
  if (needsToken.value) return <SignIn />
  const { page } = place.value
  const onMap = page === 'map'
  mapWasOpen.current ||= onMap
  const Home = pages.map.Page
  const Other = pages[page].Page
  return (
    <>
      <button type="button" class="skip" onClick={() => skip(onMap)}>
        {words.value.t(onMap ? 'app.skip' : 'page.skip')}
      </button>
      {page !== 'wall' && <Header />}
      {/* The map stays when another page is opened, since it is slow to make. */}
      {mapWasOpen.current && (
        <div class="home" hidden={!onMap}>
          <Home />
        </div>
      )}
      {!onMap && <Other key={page} />}
      {helping.value && <Help />}
      {tokenDialog.value && <AccountDialog />}
    </>
  )
}

function skip(onMap: boolean): void {
  const target = document.querySelector(onMap ? '#list' : '#main h2')
  if (target instanceof HTMLElement) target.focus()
}
