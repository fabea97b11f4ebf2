import { told } from '../alert.ts'
import { mapQuery } from '../filters.ts'
import { Link } from '../parts/link.tsx'
import type { Page } from '../place.ts'
import { place } from '../router.ts'
import { prepare } from '../routes.ts'
import { model, selectedStation, words } from '../state.ts'
import { More } from './nav-more.tsx'

/** Silences hang on the alerts, a station is found on the map or by the search, and a recipient has no account: its page is apart. */
type Shown = Exclude<Page, 'silences' | 'station' | 'recipient'>

/** Drawn in a box of 24 by 24, stroked. */
const ICONS: Record<Shown, string> = {
  map: 'M12 21s-6.5-6.1-6.5-11a6.5 6.5 0 0 1 13 0c0 4.9-6.5 11-6.5 11ZM12 7.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8Z',
  alerts:
    'M12 3.5a5.5 5.5 0 0 1 5.5 5.5c0 4.6 2 6 2 7H4.5c0-1 2-2.4 2-7A5.5 5.5 0 0 1 12 3.5ZM10 19.2a2.2 2.2 0 0 0 4 0',
  decode: 'M8.5 6 3 12l5.5 6M15.5 6l5.5 6-5.5 6M13.5 4.5l-3 15',
  quarantine: 'M12 3 20 6v5.5c0 4.6-3.2 7.8-8 9.5-4.8-1.7-8-4.9-8-9.5V6ZM12 8v4.6M12 15.8v.4',
  quality: 'M4 20V4M4 20h16.5M8 20v-6M12 20V9M16 20v-4M20 20V6M6 11.5 11 6.5l4 3.5 5-5',
  ledger:
    'M12 4v16M7.5 20h9M5 7.5 12 6l7 1.5M2.5 14 5 7.5 7.5 14a2.5 2.5 0 0 1-5 0ZM16.5 14 19 7.5l2.5 6.5a2.5 2.5 0 0 1-5 0Z',
  gateways: 'M4 14h16v5.5H4ZM7.5 16.8h.1M11 16.8h.1M12 14v-3M8.4 8.6a5 5 0 0 1 7.2 0M5.6 5.8a9 9 0 0 1 12.8 0',
  wall: 'M3 4.5h18v12H3ZM9 20h6M12 16.5V20M7 12.5l3-3 2.5 2 4-4.5',
  registry: 'M4 6.5h10M4 12h6M4 17.5h6M17 11.5a3 3 0 0 1 3 3c0 2.4-3 5.5-3 5.5s-3-3.1-3-5.5a3 3 0 0 1 3-3Z',
  rules: 'M4 17.5 9 12l4 3.5 7-8.5M4 4v16.5h16.5M4 9.5h2.5M20 12.5h-2.5',
  users:
    'M9 11a3.5 3.5 0 1 0-.1 0ZM2.5 20c0-4 2.6-6.3 6.5-6.3s6.5 2.3 6.5 6.3M16 4.3a3.5 3.5 0 0 1 0 6.5M18 14.3c2.2.9 3.5 2.8 3.5 5.7',
  audit: 'M6 3.5h9l4 4v13H6ZM14.5 3.5V8H19M9 12h7M9 15h7M9 18h4',
  notices: 'M12 8.5a3 3 0 1 0-2.6-1.5L6.4 13M6 13.5a3 3 0 1 0 2.9 3.5h6.6M18 14a3 3 0 1 1-2.5 4.6M17 13.6 13.6 8',
}

/** What is looked at every day stands in the open, what is set up once behind one press. */
const OPEN: readonly Shown[] = ['map', 'alerts', 'quality', 'quarantine', 'ledger']
const BEHIND: readonly Shown[] = ['decode', 'wall', 'registry', 'rules', 'notices', 'gateways', 'users', 'audit']

/** The pages. On a phone they stand at the bottom, in reach of the thumb. */
export function Nav() {
  const w = words.value
  return (
    <nav class="nav" aria-label={w.t('nav.label')}>
      <ul>
        {OPEN.map((page) => (
          <li key={page}>
            <Entry page={page} />
          </li>
        ))}
        <More inside={BEHIND.includes(place.value.page as Shown)}>
          {BEHIND.map((page) => (
            <li key={page}>
              <Entry page={page} />
            </li>
          ))}
        </More>
      </ul>
    </nav>
  )
}

function Entry({ page }: { page: Shown }) {
  const w = words.value
  const open = told(model.value.alerts).length
  return (
    <Link
      page={page}
      query={page === 'map' ? { station: selectedStation.value ?? '', ...mapQuery.value } : {}}
      current={place.value.page === page || (page === 'alerts' && place.value.page === 'silences')}
      onPointerEnter={() => prepare(page)}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={ICONS[page]} />
      </svg>
      <span>{w.t(`page.${page}`)}</span>
      {page === 'alerts' && open > 0 && (
        <b class="badge" title={w.t('page.open_alerts', { n: open })}>
          {open}
        </b>
      )}
    </Link>
  )
}
