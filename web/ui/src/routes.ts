import { type Lazy, lazy } from './parts/lazy.tsx'
import type { Page } from './place.ts'

/** The code of each page comes with the first visit: who reads the ledger does not wait for the map. */
export const pages: Record<Page, Lazy> = {
  map: lazy(() => import('./panels/home.tsx').then((m) => m.Home), 'first'),
  alerts: lazy(() => import('./pages/alerts/page.tsx').then((m) => m.AlertsPage)),
  silences: lazy(() => import('./pages/silences/page.tsx').then((m) => m.SilencesPage)),
  decode: lazy(() => import('./pages/decode/page.tsx').then((m) => m.DecodePage)),
  quarantine: lazy(() => import('./pages/quarantine/page.tsx').then((m) => m.QuarantinePage)),
  quality: lazy(() => import('./pages/quality/page.tsx').then((m) => m.QualityPage)),
  ledger: lazy(() => import('./pages/ledger/page.tsx').then((m) => m.LedgerPage)),
  gateways: lazy(() => import('./pages/gateways/page.tsx').then((m) => m.GatewaysPage)),
  station: lazy(() => import('./pages/station/page.tsx').then((m) => m.StationPage)),
  wall: lazy(() => import('./pages/wall/page.tsx').then((m) => m.WallPage)),
  registry: lazy(() => import('./pages/registry/page.tsx').then((m) => m.RegistryPage)),
  rules: lazy(() => import('./pages/rules/page.tsx').then((m) => m.RulesPage)),
  notices: lazy(() => import('./pages/notices/page.tsx').then((m) => m.NoticesPage)),
  users: lazy(() => import('./pages/users/page.tsx').then((m) => m.UsersPage)),
  audit: lazy(() => import('./pages/audit/page.tsx').then((m) => m.AuditPage)),
  recipient: lazy(() => import('./pages/recipient/page.tsx').then((m) => m.RecipientPage)),
}

/** Where a one-time link leads; it stands in no address of the page. */
export const SetUp = lazy(() => import('./panels/set-up.tsx').then((m) => m.SetUpPage))

export function prepare(page: Page): void {
  pages[page].prepare()
}
