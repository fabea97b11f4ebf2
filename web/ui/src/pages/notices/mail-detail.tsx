import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { spanText } from '../../parts/duration.ts'
import { Link } from '../../parts/link.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { go } from '../../router.ts'
import { words } from '../../state.ts'
import type { Mail, MailDelivery } from '../../wire-notices.ts'
import { mails } from './client.ts'
import { mailSpec } from './forms.ts'
import { getsText } from './gets.ts'
import { HealthSign } from './hooks.tsx'
import { MailDeliveries } from './mail-deliveries.tsx'
import { EditMail } from './mail-form.tsx'
import { groupText } from './mails.tsx'
import { Deliveries } from './pager.ts'
import { letters, loadLetters, names, takeLetter } from './state.ts'
import { Sure } from './sure.tsx'
import { TestMail } from './test-mail.tsx'

/** One recipient of e-mails, and each e-mail. */
export function MailDetail({ id }: { id: string }) {
  const w = words.value
  const { status, value, error } = letters.state.value
  const mail = value?.find((m) => m.id === id)
  return (
    <section class="notice" aria-label={mail?.name ?? id} data-notice={id}>
      <p class="crumbs">
        <Link page="notices" query={{ tab: 'mails' }}>
          ‹ {w.t('notices.back')}
        </Link>
      </p>
      {status === 'failed' && !value && <Failed error={error} again={loadLetters} />}
      {!value && status === 'loading' && <Waiting />}
      {value && !mail && <Empty text={w.t('notices.not_there')} />}
      {mail && <Known mail={mail} />}
    </section>
  )
}

type Act = 'test' | 'edit' | 'disable' | 'delete'
const AGAIN = 5000

function Known({ mail: m }: { mail: Mail }) {
  const w = words.value
  const asking = useSignal<Act | null>(null)
  const list = useMemo(() => new Deliveries<MailDelivery>((a, signal) => mails.deliveries(m.id, a, signal)), [m.id])
  useEffect(() => {
    list.load()
    const timer = setInterval(() => list.refresh(), AGAIN)
    return () => clearInterval(timer)
  }, [list])
  const ask = (act: Act) => () => {
    asking.value = act
  }
  const enable = () => void mails.change(m.id, { ...mailSpec(m), enabled: true }).then(takeLetter, loadLetters)
  const own = m.source === 'api'
  return (
    <>
      <Head mail={m} />
      <div class="notice-acts">
        <button type="button" class="main" onClick={ask('test')}>
          {w.t('mails.test')}
        </button>
        {own && (
          <button type="button" class="quiet" onClick={ask('edit')}>
            {w.t('notices.edit')}
          </button>
        )}
        {own && (
          <button type="button" class="quiet" onClick={m.enabled ? ask('disable') : enable}>
            {w.t(m.enabled ? 'notices.disable' : 'notices.enable')}
          </button>
        )}
        {own && (
          <button type="button" class="link grave" onClick={ask('delete')}>
            {w.t('act.delete')}
          </button>
        )}
      </div>
      <MailDeliveries list={list} />
      {asking.value && (
        <Asked
          mail={m}
          act={asking.value}
          onClose={() => {
            // Of one that is gone nothing can be asked.
            if (asking.peek() !== 'delete') list.load()
            asking.value = null
          }}
        />
      )}
    </>
  )
}

function Asked({ mail: m, act, onClose }: { mail: Mail; act: Act; onClose: () => void }) {
  const w = words.value
  if (act === 'test') return <TestMail mail={m} onClose={onClose} />
  if (act === 'edit') return <EditMail mail={m} onClose={onClose} />
  const remove = async () => {
    await mails.remove(m.id)
    loadLetters()
    go('notices', { tab: 'mails' }, 'replace')
  }
  const disable = async () => takeLetter(await mails.change(m.id, { ...mailSpec(m), enabled: false }))
  return (
    <Sure
      title={w.t(`notices.${act}_sure`, { name: m.name })}
      hint={w.t('mails.delete_hint')}
      act={w.t(act === 'delete' ? 'act.delete' : 'notices.disable')}
      grave={act === 'delete'}
      perform={act === 'delete' ? remove : disable}
      onClose={onClose}
    />
  )
}

function Head({ mail: m }: { mail: Mail }) {
  const w = words.value
  const rows: [string, preact.ComponentChildren][] = [
    [w.t('notices.state'), <HealthSign key="s" hook={m} />],
    [w.t('mails.address'), <code key="a">{m.address}</code>],
    [w.t('notices.gets'), getsText(m, names.value, w)],
    [w.t('mails.language'), w.t(`mails.language_${m.language}`)],
    [w.t('mails.group_by'), groupText(m)],
    [w.t('mails.group_wait'), spanText(m.group_wait, w)],
    [w.t('mails.group_interval'), spanText(m.group_interval, w)],
    [w.t('mails.repeat_interval'), spanText(m.repeat_interval, w)],
  ]
  return (
    <>
      <div class="rule-head">
        <h3>{m.name}</h3>
        {m.source === 'config' && (
          <span class="tag" title={w.t('notices.from_file_hint')}>
            {w.t('notices.from_file')}
          </span>
        )}
      </div>
      <dl class="facts">
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
