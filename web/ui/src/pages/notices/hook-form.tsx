import { useDraft } from '../../parts/draft.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
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
  const {
    draft: d,
    change,
    told,
    busy,
    onSubmit,
  } = useDraft<WebhookSpec>({
    first: hook ? webhookSpec(hook) : NEW_WEBHOOK,
    wrong: wrongWebhook,
    save: async (kept) => {
      const spec = { ...kept, name: kept.name.trim(), url: kept.url.trim() }
      takeHook(await (hook ? webhooks.change(hook.id, spec) : webhooks.create(spec)))
    },
    onClose,
  })
  return (
    <FormDialog
      title={hook ? `${w.t('notices.edit')}: ${hook.name}` : w.t('hooks.create')}
      act={w.t(hook ? 'act.save' : 'hooks.create')}
      told={told}
      busy={busy}
      noValidate
      onSubmit={onSubmit}
      onClose={onClose}
    >
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
    </FormDialog>
  )
}
