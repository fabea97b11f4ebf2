import { Link } from '../../parts/link.tsx'
import { Listed } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import type { Mail } from '../../wire-notices.ts'
import { getsText } from './gets.ts'
import { Dead, HealthSign } from './hooks.tsx'
import { letters, loadLetters, names } from './state.ts'

/** Everybody who gets e-mails. */
export function MailList() {
  const w = words.value
  return (
    <section class="notice-list" aria-label={w.t('mails.list')}>
      <Listed of={letters.state.value} again={loadLetters} none={w.t('mails.none')} hint={w.t('mails.none_hint')}>
        {(items) => (
          <table class="grid stacked">
            <thead>
              <tr>
                <th scope="col">{w.t('notices.name')}</th>
                <th scope="col">{w.t('notices.state')}</th>
                <th scope="col">{w.t('notices.gets')}</th>
                <th scope="col">{w.t('mails.grouping')}</th>
                <th scope="col" class="num">
                  {w.t('notices.pending')}
                </th>
                <th scope="col" class="num">
                  {w.t('notices.dead')}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((m) => (
                <Row key={m.id} mail={m} />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
    </section>
  )
}

function Row({ mail: m }: { mail: Mail }) {
  const w = words.value
  return (
    <tr data-mail={m.id}>
      <th scope="row" class="who">
        <Link page="notices" query={{ tab: 'mails', id: m.id }}>
          {m.name}
        </Link>
        <small>{m.address}</small>
      </th>
      <td data-label={w.t('notices.state')}>
        <HealthSign hook={m} />
      </td>
      <td data-label={w.t('notices.gets')}>{getsText(m, names.value, w)}</td>
      <td data-label={w.t('mails.grouping')}>{groupText(m)}</td>
      <td class="num" data-label={w.t('notices.pending')}>
        {w.count(m.pending)}
      </td>
      <td class="num" data-label={w.t('notices.dead')}>
        <Dead n={m.dead} />
      </td>
    </tr>
  )
}

export function groupText(m: Pick<Mail, 'group_by'>): string {
  const w = words.value
  if (m.group_by.length === 0) return w.t('mails.group_usual')
  return m.group_by.map((g) => w.named('mails', `group_${g}`)).join(', ')
}
