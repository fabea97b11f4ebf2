import { useSignal } from '@preact/signals'
import { Confirm } from '../../parts/dialog.tsx'
import { Empty, Failed, Waiting } from '../../parts/notes.tsx'
import { trouble } from '../../parts/trouble.ts'
import { parameters, stations, words } from '../../state.ts'
import type { Mapping } from '../../wire-doors.ts'
import { AddMapping } from './alias-form.tsx'
import { aliases } from './client.ts'
import { dropMapping, loadMappings, mappings } from './state.ts'

/** What vendors' names mean here. */
export function Aliases() {
  const w = words.value
  const adding = useSignal(false)
  const deleting = useSignal<Mapping | null>(null)
  const { status, value, error } = mappings.state.value
  return (
    <section class="aliases" aria-label={w.t('aliases.title')}>
      <div class="body-head">
        <h3>
          {w.t('aliases.title')} <small>{w.t('aliases.lead')}</small>
        </h3>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            adding.value = true
          }}
        >
          {w.t('aliases.add')}
        </button>
      </div>
      {status === 'failed' && <Failed error={error} again={loadMappings} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.length === 0 && <Empty text={w.t('aliases.none')} />}
      {value && value.length > 0 && (
        <MappingTable
          items={value}
          remove={(m) => {
            deleting.value = m
          }}
        />
      )}
      {adding.value && (
        <AddMapping
          onClose={() => {
            adding.value = false
          }}
        />
      )}
      {deleting.value && (
        <Sure
          mapping={deleting.value}
          onClose={() => {
            deleting.value = null
          }}
        />
      )}
    </section>
  )
}

function MappingTable({ items, remove }: { items: readonly Mapping[]; remove: (m: Mapping) => void }) {
  const w = words.value
  return (
    <table class="grid stacked">
      <thead>
        <tr>
          <th scope="col">{w.t('aliases.name')}</th>
          <th scope="col">{w.t('aliases.kind')}</th>
          <th scope="col">{w.t('aliases.target')}</th>
          <th scope="col">{w.t('aliases.scope')}</th>
          <th scope="col">{w.t('col.actions')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((m) => (
          <tr key={m.id}>
            <th scope="row">
              <code>{m.name}</code>
            </th>
            <td data-label={w.t('aliases.kind')}>{w.t(`aliases.${m.kind}`)}</td>
            <td data-label={w.t('aliases.target')}>
              <Target mapping={m} />
            </td>
            <td data-label={w.t('aliases.scope')}>{m.station || w.t('aliases.everywhere')}</td>
            <td class="row-acts">
              {m.source === 'file' ? (
                <small>{w.t('gateways.from_file')}</small>
              ) : (
                <button
                  type="button"
                  class="link grave"
                  aria-label={`${w.t('act.delete')}: ${m.name}`}
                  onClick={() => remove(m)}
                >
                  {w.t('act.delete')}
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Target({ mapping: m }: { mapping: Mapping }) {
  const w = words.value
  const name = w.text((m.kind === 'parameter' ? parameters : stations).value.get(m.target)?.name)
  const more = [
    m.unit && `${w.t('col.unit')} ${m.unit}`,
    m.factor && m.factor !== 1 && `× ${w.number(m.factor, 9)}`,
    m.dialect && w.named('dialect', m.dialect),
    m.parameter && w.text(parameters.value.get(m.parameter)?.name),
  ].filter(Boolean)
  return (
    <>
      {name || m.target} {name && <small>{m.target}</small>} {more.length > 0 && <small>{more.join(' · ')}</small>}
    </>
  )
}

function Sure({ mapping, onClose }: { mapping: Mapping; onClose: () => void }) {
  const w = words.value
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const doIt = async () => {
    busy.value = true
    failed.value = null
    try {
      await aliases.remove(mapping.id)
      dropMapping(mapping.id)
      onClose()
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const problem = failed.value ? trouble(failed.value) : null
  return (
    <Confirm
      title={w.t('aliases.sure_delete', { name: mapping.name })}
      hint={w.t('aliases.sure_delete_hint')}
      act={w.t('act.delete')}
      grave
      error={problem ? `${w.t(problem.text)} ${problem.detail}` : undefined}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}
