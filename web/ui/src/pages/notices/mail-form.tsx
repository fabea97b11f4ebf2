import { Picker } from '../../mutes/picker.tsx'
import { useDraft } from '../../parts/draft.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { words } from '../../state.ts'
import { GROUPS, type Mail, type MailSpec } from '../../wire-notices.ts'
import { mails } from './client.ts'
import { EventField, FilterFields } from './filter-fields.tsx'
import { mailSpec, NEW_MAIL, wrongMail } from './forms.ts'
import { takeLetter } from './state.ts'

interface EditProps {
  /** Null makes a new one. */
  mail: Mail | null
  onClose: () => void
}

/** The form of a recipient of e-mails. */
export function EditMail({ mail, onClose }: EditProps) {
  const w = words.value
  const {
    draft: d,
    change,
    told,
    busy,
    onSubmit,
  } = useDraft<MailSpec>({
    first: mail ? mailSpec(mail) : NEW_MAIL,
    wrong: wrongMail,
    save: async (kept) => {
      const spec = { ...kept, name: kept.name.trim(), address: kept.address.trim() }
      takeLetter(await (mail ? mails.change(mail.id, spec) : mails.create(spec)))
    },
    onClose,
  })
  return (
    <FormDialog
      title={mail ? `${w.t('notices.edit')}: ${mail.name}` : w.t('mails.create')}
      act={w.t(mail ? 'act.save' : 'mails.create')}
      told={told}
      busy={busy}
      noValidate
      onSubmit={onSubmit}
      onClose={onClose}
    >
      <Person draft={d} change={change} />
      <EventField usual={w.t('mails.events_usual')} chosen={d.events} choose={(events) => change({ events })} />
      <FilterFields filter={d.filter} change={(filter) => change({ filter })} />
      <Grouping draft={d} change={change} />
    </FormDialog>
  )
}

interface PartProps {
  draft: MailSpec
  change: (part: Partial<MailSpec>) => void
}

const LANGUAGES = ['vi', 'en', 'both'] as const

function Person({ draft: d, change }: PartProps) {
  const w = words.value
  return (
    <>
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
      <div class="pair">
        <label>
          {w.t('mails.address')}
          <input
            name="address"
            type="email"
            spellcheck={false}
            autocomplete="off"
            value={d.address}
            onInput={(e) => change({ address: e.currentTarget.value })}
          />
        </label>
        <label>
          {w.t('mails.language')}
          <select
            value={d.language}
            onChange={(e) => change({ language: LANGUAGES.find((l) => l === e.currentTarget.value) ?? 'vi' })}
          >
            {LANGUAGES.map((l) => (
              <option key={l} value={l}>
                {w.t(`mails.language_${l}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  )
}

const LENGTHS = ['group_wait', 'group_interval', 'repeat_interval'] as const

function Grouping({ draft: d, change }: PartProps) {
  const w = words.value
  return (
    <fieldset>
      <legend>{w.t('mails.grouping')}</legend>
      <Picker
        label={w.t('mails.group_by')}
        none={w.t('mails.group_usual')}
        options={GROUPS.map((g) => ({ id: g, text: w.t(`mails.group_${g}`) }))}
        chosen={d.group_by}
        choose={(group_by) => change({ group_by })}
      />
      <div class="three">
        {LENGTHS.map((key) => (
          <label key={key}>
            {w.t(`mails.${key}`)}
            <input
              name={key}
              spellcheck={false}
              autocomplete="off"
              value={d[key]}
              onInput={(e) => change({ [key]: e.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <p class="note">{w.t('mails.duration_hint')}</p>
    </fieldset>
  )
}
