import '../../styles/lists.css'
import '../../styles/quarantine.css'
import '../../styles/alerts.css'
import '../../styles/print.css'
import { useEffect } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { NeedRole } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { followPrint } from '../../print.ts'
import { helping, openAlerts, words } from '../../state.ts'
import { Bulk } from './bulk.tsx'
import { asking } from './desk.ts'
import { AlertDetailView } from './detail.tsx'
import { Asking } from './dialogs.tsx'
import { Filters } from './filters.tsx'
import { followKeys } from './keys.ts'
import { AlertTable } from './list.tsx'
import { chosen, followAlerts } from './state.ts'

/** What is wrong, where, since when, how bad, who was told, and what to do about it. */
export function AlertsPage() {
  const w = words.value
  useEffect(followAlerts, [])
  useEffect(followKeys, [])
  useEffect(followPrint, [])
  return (
    <PageFrame
      name="alerts"
      title={w.t('page.alerts')}
      lead={w.t('alerts.lead', { n: w.count(openAlerts.value.size) })}
      acts={
        <>
          <Link page="silences" class="quiet">
            {w.t('page.silences')}
          </Link>
          <button
            type="button"
            class="quiet"
            aria-keyshortcuts="?"
            onClick={() => {
              helping.value = true
            }}
          >
            {w.t('keys.title')} <kbd>?</kbd>
          </button>
        </>
      }
    >
      <Filters />
      <NeedRole need="officer" what={w.t('alerts.what')} />
      <div class={chosen.value ? 'split chosen' : 'split'}>
        <section class="entries" aria-label={w.t('alerts.list')}>
          <Bulk />
          <AlertTable />
        </section>
        <AlertDetailView />
      </div>
      {asking.value && <Asking />}
    </PageFrame>
  )
}
