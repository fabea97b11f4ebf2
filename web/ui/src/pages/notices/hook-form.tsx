import { useSignal } from '@preact/signals'
import { Dialog } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import { FORMATS, type Webhook, type WebhookSpec } from '../../wire-notices.ts'
import { webhooks } from './client.ts'
import { EventField, FilterFields } from './filter-fields.tsx'
import { NEW_WEBHOOK, webhookSpec, wrongWebhook } from './forms.ts'
import { takeHook } from './state.ts'

interface EditProps {
  /** Null makes a new one. */
  hook: Webhook | null
  onClose: () => void
}

/** The form of a webhook. */
export function EditHook({ hook, onClose }: EditProps) {
  const w = words.value
  const draft = useSignal<WebhookSpec>(hook ? webhookSpec(hook) : NEW_WEBHOOK)
  const told = useSignal<string | null>(null)
  const busy = useSignal(false)
  const d = draft.value
  const change = (part: Partial<WebhookSpec>) => {
    draft.value = { ...draft.peek(), ...part }
    told.value = null
  }
  const onSubmit = async (e: SubmitEvent) => {
    e.preventDefault()
    const wrong = wrongWebhook(d)
    if (wrong) {
      told.value = w.t(wrong)
      return
    }
    busy.value = true
    try {
      const spec = { ...d, name: d.name.trim(), url: d.url.trim() }
      takeHook(await (hook ? webhooks.change(hook.id, spec) : webhooks.create(spec)))
      onClose()
    } catch (err) {
      const { text, detail } = trouble(err)
      told.value = `${w.t(text)} ${detail}`
    }
    busy.value = false
  }
  return (
    <Dialog title={hook ? `${w.t('notices.edit')}: ${hook.name}` : w.t('hooks.create')} onClose={onClose}>
      <form class="form" onSubmit={onSubmit} noValidate>
        <label>
          {w.t('notices.name')}
          <input
            name="name"
            maxLength={200}
            autocomplete="off"
            value={d.name}
            onInput={(e) => change({ name: e.currentTarget.value })}
          />
        </label>
        <label>
          <span>
            {w.t('hooks.url')} <small>{w.t('hooks.url_hint')}</small>
          </span>
          <input
            name="url"
            type="url"
            spellcheck={false}
            autocomplete="off"
            value={d.url}
            onInput={(e) => change({ url: e.currentTarget.value })}
          />
        </label>
        <label>
          {w.t('hooks.format')}
          <select
            value={d.format}
            onChange={(e) => change({ format: FORMATS.find((f) => f === e.currentTarget.value) ?? 'quantrac' })}
          >
            {FORMATS.map((f) => (
              <option key={f} value={f}>
                {w.t(`hooks.format_${f}`)}
              </option>
            ))}
          </select>
        </label>
        <EventField usual={w.t('hooks.events_usual')} chosen={d.events} choose={(events) => change({ events })} />
        <FilterFields filter={d.filter} change={(filter) => change({ filter })} />
        {told.value && <p role="alert">{told.value}</p>}
        <div class="dialog-acts">
          <button type="button" class="quiet" onClick={onClose}>
            {w.t('act.cancel')}
          </button>
          <button type="submit" class="main" disabled={busy.value}>
            {w.t(hook ? 'act.save' : 'hooks.create')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
