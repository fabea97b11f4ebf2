import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Words } from '../../i18n/format.ts'
import { Empty, Failed, NeedRole, Waiting } from '../../parts/notes.tsx'
import { can, now, parameters, words } from '../../state.ts'
import type { LimitRow, LimitSet } from '../../wire-rules.ts'
import { Factors } from './factors.tsx'
import { followLaw, law, loadLaw, validity } from './law.ts'
import { Unverify, Verify } from './verify.tsx'

/** The limits: what they refer to, from when to when they hold, and whether anybody compared them with the official text. */
export function Limits() {
  const w = words.value
  useEffect(followLaw, [])
  const { status, value, error } = law.state.value
  return (
    <>
      <NeedRole need="admin" what={w.t('limits.what')} />
      {status === 'failed' && <Failed error={error} again={loadLaw} />}
      {status === 'loading' && !value && <Waiting />}
      {value?.items.length === 0 && <Empty text={w.t('limits.none')} />}
      {value?.items.map((s) => (
        <Law key={s.id} set={s} />
      ))}
      {value && <Factors tables={value.factor_tables} />}
    </>
  )
}

function Law({ set: s }: { set: LimitSet }) {
  const w = words.value
  const asking = useSignal<'verify' | 'unverify' | null>(null)
  const close = () => {
    asking.value = null
  }
  const state = validity(s, now.value)
  return (
    <section class="law" aria-label={s.reference} data-set={s.id}>
      <div class="law-head">
        <div>
          <h3>
            {s.reference} <small>{w.text(s.name)}</small>
          </h3>
          <p>
            <span class={`tag ${state}`}>{w.t(`limits.${state}`)}</span> {validityText(s, w)}
          </p>
          <Sign set={s} />
        </div>
        {can('admin') && (
          <div class="law-acts">
            {s.verified && s.verified_at && (
              <button type="button" class="link" onClick={() => (asking.value = 'unverify')}>
                {w.t('limits.unverify')}
              </button>
            )}
            {!s.verified && (
              <button type="button" class="quiet" onClick={() => (asking.value = 'verify')}>
                {w.t('limits.verify')}
              </button>
            )}
          </div>
        )}
      </div>
      {s.legal && <p class="note">{s.legal}</p>}
      <Rows set={s} />
      {asking.value === 'verify' && <Verify set={s} onClose={close} />}
      {asking.value === 'unverify' && <Unverify set={s} onClose={close} />}
    </section>
  )
}

export function validityText(s: Pick<LimitSet, 'from' | 'to'>, w: Words): string {
  const from = s.from ? w.fullDay(s.from) : ''
  const to = s.to ? w.fullDay(s.to) : ''
  if (from && to) return w.t('limits.validity', { from, to })
  if (from) return w.t('limits.from', { from })
  return to ? w.t('limits.until', { to }) : w.t('limits.always')
}

/** A tick or an empty ring: the sign reads without its colour. */
function Sign({ set: s }: { set: LimitSet }) {
  const w = words.value
  const n = s.rows.filter((r) => r.verified).length
  if (!s.verified)
    return (
      <p class="proof none">
        {n > 0 ? w.t('limits.some_verified', { n, all: s.rows.length }) : w.t('limits.unverified')}
      </p>
    )
  const when = s.verified_at ? w.fullDay(s.verified_at) : ''
  return (
    <p class="proof">
      {w.t('limits.verified')}
      {s.verified_by && `: ${when ? w.t('limits.verified_by', { who: s.verified_by, when }) : s.verified_by}`}
    </p>
  )
}

function Rows({ set: s }: { set: LimitSet }) {
  const w = words.value
  return (
    <table class="grid stacked">
      <thead>
        <tr>
          <th scope="col">{w.t('limits.parameter')}</th>
          {s.columns.map((c) => (
            <th key={c} scope="col" class="num">
              {w.t('limits.column', { name: c })}
            </th>
          ))}
          <th scope="col">{w.t('limits.unit')}</th>
          {s.factors && <th scope="col">{w.t('limits.factors')}</th>}
          <th scope="col">{w.t('limits.source')}</th>
          <th scope="col">{w.t('limits.sign')}</th>
        </tr>
      </thead>
      <tbody>
        {s.rows.map((r) => (
          <tr key={r.parameter}>
            <th scope="row">
              {w.text(parameters.value.get(r.parameter)?.name) || r.parameter} <small>{r.parameter}</small>
            </th>
            {s.columns.map((c) => (
              <td key={c} class="num" data-label={w.t('limits.column', { name: c })}>
                {figure(r, c, w)}
              </td>
            ))}
            <td data-label={w.t('limits.unit')}>{r.unit === '1' ? '' : r.unit}</td>
            {s.factors && <td data-label={w.t('limits.factors')}>{w.t(r.factors ? 'limits.yes' : 'limits.no')}</td>}
            <td data-label={w.t('limits.source')}>{r.source ?? ''}</td>
            <td data-label={w.t('limits.sign')}>
              <span class={r.verified ? 'proof' : 'proof none'}>
                {w.t(
                  r.verified
                    ? 'limits.mark_verified'
                    : r.mark === 'practice'
                      ? 'limits.mark_practice'
                      : 'limits.mark_unverified',
                )}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** As the regulation has it: "6–9" for a band, a lone upper bound bare. */
function figure(r: LimitRow, column: string, w: Words): string {
  const min = r.min?.[column]
  const max = r.max?.[column]
  const text = (n: number) => w.number(n, 6)
  if (min !== undefined && max !== undefined) return `${text(min)}–${text(max)}`
  if (min !== undefined) return `≥ ${text(min)}`
  return max === undefined ? '—' : text(max)
}
