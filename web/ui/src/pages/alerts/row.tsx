import { isQuiet, parkName, placeName } from '../../alert.ts'
import { byId } from '../../mutes/state.ts'
import { Figures } from '../../panels/alerts.tsx'
import { basisText } from '../../panels/figures.ts'
import { SeveritySign } from '../../panels/sign.tsx'
import { now, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { isSending } from './acts.ts'
import { focused, isTicked, tick } from './desk.ts'
import { choose, chosen } from './state.ts'

interface RowProps {
  alert: Alert
  showPark: boolean
  /** How many alerts stand beneath this one. */
  explains?: number
  beneath?: boolean
}

/** One alert in the list. The whole row opens it; the box before it takes it into the selection. */
export function AlertRow({ alert: a, showPark, explains = 0, beneath = false }: RowProps) {
  const w = words.value
  const place = placeName(a, w)
  const park = showPark ? parkName(a.park, w) : ''
  const classes = ['alert-row', 'alert', a.severity, isQuiet(a) || a.state !== 'open' ? 'dim' : '']
  return (
    <div class={classes.filter(Boolean).join(' ')}>
      <label class="tick">
        <input
          type="checkbox"
          checked={isTicked(a.id)}
          aria-label={w.t('alerts.tick', { name: `${w.t(`severity.${a.severity}`)}, ${place}` })}
          onChange={(e) => tick(a.id, e.currentTarget.checked)}
          onFocus={() => {
            focused.value = a.id
          }}
        />
      </label>
      <button
        type="button"
        data-row={a.id}
        data-alert={a.id}
        aria-current={chosen.value === a.id ? 'true' : undefined}
        onClick={() => choose(a.id)}
        onFocus={() => {
          focused.value = a.id
        }}
      >
        <span class="line">
          <SeveritySign severity={a.severity} />
          <span class="basis">{basisText(a, w)}</span>
          <time dateTime={a.opened_at} title={w.moment(a.opened_at)}>
            {w.ago(a.opened_at, now.value)}
          </time>
        </span>
        <span class="body-line">
          <span class="where">{place}</span>
          <Figures alert={a} />
        </span>
        {park && <span class="park">{park}</span>}
        <Marks alert={a} explains={explains} beneath={beneath} />
      </button>
    </div>
  )
}

/** What else is to be known before it is opened. */
function Marks({ alert: a, explains, beneath }: { alert: Alert; explains: number; beneath: boolean }) {
  const w = words.value
  const mute = a.silenced_by ? byId.value.get(a.silenced_by) : undefined
  const marks: [string, string][] = []
  const add = (kind: string, text: string) => {
    marks.push([kind, text])
  }
  if (isSending(a.id)) add('sending', w.t('alert.sending'))
  else if (a.acknowledged_by) add('done', w.t('alert.acknowledged', { who: a.acknowledged_by }))
  if (a.assignee) add('who', w.t('alert.assigned', { who: a.assignee }))
  if (a.escalated_at) add('up', w.t('alert.escalated'))
  if (a.silenced_by) add('held', mute ? w.t('alert.silenced_because', { reason: mute.reason }) : w.t('alert.silenced'))
  if (explains > 0) add('', w.t('alert.explains', { n: explains }))
  if (a.inhibited_by && !beneath) add('held', w.t('alert.inhibited'))
  if (a.late) add('care', w.t('alert.late'))
  if (a.state !== 'open') add('', w.t(`alerts.is_${a.state}`))
  if (a.cause && a.state !== 'open') add('', a.cause)
  if (marks.length === 0) return null
  return (
    <span class="tags">
      {marks.map(([kind, text]) => (
        <span key={text} class={kind}>
          {text}
        </span>
      ))}
    </span>
  )
}
