import '../../styles/mutes.css'
import '../../styles/gateways.css'
import '../../styles/notices.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { NeedRole } from '../../parts/notes.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Segments } from '../../parts/segments.tsx'
import { go } from '../../router.ts'
import { can, words } from '../../state.ts'
import { HookDetail } from './hook-detail.tsx'
import { EditHook } from './hook-form.tsx'
import { HookList } from './hooks.tsx'
import { MailDetail } from './mail-detail.tsx'
import { EditMail } from './mail-form.tsx'
import { MailList } from './mails.tsx'
import { LinkOnce, SecretOnce } from './once.tsx'
import { chosen, followNotices, link, secret, TABS, tab } from './state.ts'

/** Who is told of alerts, and whether each message has arrived. */
export function NoticesPage() {
  const w = words.value
  const making = useSignal(false)
  useEffect(followNotices, [])
  const admin = can('admin')
  const close = () => {
    making.value = false
  }
  return (
    <PageFrame
      name="notices"
      title={w.t('page.notices')}
      lead={w.t('notices.lead')}
      acts={
        admin &&
        !chosen.value && (
          <button
            type="button"
            class="main"
            onClick={() => {
              making.value = true
            }}
          >
            {w.t(tab.value === 'mails' ? 'mails.create' : 'hooks.create')}
          </button>
        )
      }
    >
      <NeedRole need="admin" what={w.t('notices.what')} />
      {admin && !chosen.value && (
        <div class="filters">
          <Segments
            label={w.t('notices.view')}
            options={TABS.map((t) => [t, w.t(`notices.tab_${t}`)] as const)}
            value={tab.value}
            choose={(t) => go('notices', t === 'webhooks' ? {} : { tab: t })}
          />
        </div>
      )}
      {admin && <Shown />}
      {making.value && tab.value === 'webhooks' && <EditHook hook={null} onClose={close} />}
      {making.value && tab.value === 'mails' && <EditMail mail={null} onClose={close} />}
      {secret.value && <SecretOnce hook={secret.value} />}
      {link.value && <LinkOnce link={link.value} />}
    </PageFrame>
  )
}

function Shown() {
  const id = chosen.value
  if (tab.value === 'mails') return id ? <MailDetail key={id} id={id} /> : <MailList />
  return id ? <HookDetail key={id} id={id} /> : <HookList />
}
