import { useSignal } from '@preact/signals'
import { Listed, roleName } from '../../parts/notes.tsx'
import { now, words } from '../../state.ts'
import type { Token } from '../../wire.ts'
import { Scope } from './access.tsx'
import { tokens } from './client.ts'
import { MakeToken } from './edit.tsx'
import { dropToken, loadTokens, programs } from './state.ts'
import { Sure } from './sure.tsx'

const BOOTSTRAP = 'bootstrap'

/** What programs use in place of a password. */
export function TokenList() {
  const w = words.value
  const making = useSignal(false)
  const revoking = useSignal<Token | null>(null)
  const doomed = revoking.value
  return (
    <section class="token-list" aria-labelledby="tokens-head">
      <div class="section-head">
        <h3 id="tokens-head">
          {w.t('tokens.list')} <small>{w.t('tokens.lead')}</small>
        </h3>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            making.value = true
          }}
        >
          {w.t('tokens.create')}
        </button>
      </div>
      <Listed of={programs.state.value} again={loadTokens} none={w.t('tokens.none')}>
        {(items) => (
          <table class="grid stacked">
            <thead>
              <tr>
                <th scope="col">{w.t('tokens.name')}</th>
                <th scope="col">{w.t('account.role')}</th>
                <th scope="col">{w.t('users.parks')}</th>
                <th scope="col">{w.t('tokens.used')}</th>
                <th scope="col">{w.t('tokens.expires')}</th>
                <th scope="col">{w.t('col.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((t) => (
                <Row
                  key={t.id}
                  token={t}
                  revoke={() => {
                    revoking.value = t
                  }}
                />
              ))}
            </tbody>
          </table>
        )}
      </Listed>
      {making.value && (
        <MakeToken
          onClose={() => {
            making.value = false
          }}
        />
      )}
      {doomed && (
        <Sure
          title={w.t('tokens.sure', { name: doomed.name })}
          hint={w.t('tokens.sure_hint')}
          act={w.t('tokens.revoke')}
          grave
          perform={async () => {
            await tokens.remove(doomed.id)
            dropToken(doomed.id)
          }}
          onClose={() => {
            revoking.value = null
          }}
        />
      )}
    </section>
  )
}

function Row({ token: t, revoke }: { token: Token; revoke: () => void }) {
  const w = words.value
  const over = t.expires_at !== null && Date.parse(t.expires_at) <= now.value
  return (
    <tr data-token={t.name}>
      <th scope="row">
        {t.name} <small>{t.id === BOOTSTRAP ? w.t('tokens.bootstrap') : t.id}</small>
      </th>
      <td data-label={w.t('account.role')}>{roleName(t.role)}</td>
      <td data-label={w.t('users.parks')}>
        <Scope of={t} />
      </td>
      <td data-label={w.t('tokens.used')} title={t.last_used_at ? w.moment(t.last_used_at) : ''}>
        {t.last_used_at ? w.ago(t.last_used_at, now.value) : w.t('users.never')}
      </td>
      <td data-label={w.t('tokens.expires')} class={over ? 'over' : ''}>
        {t.expires_at
          ? `${w.moment(t.expires_at)}${over ? ` · ${w.t('tokens.over')}` : ''}`
          : w.t('tokens.never_expires')}
      </td>
      <td class="row-acts">
        {t.id !== BOOTSTRAP && (
          <button type="button" class="link grave" aria-label={`${w.t('tokens.revoke')}: ${t.name}`} onClick={revoke}>
            {w.t('tokens.revoke')}
          </button>
        )}
      </td>
    </tr>
  )
}
