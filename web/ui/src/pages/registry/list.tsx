import { plain } from '../../i18n/format.ts'
import { Empty } from '../../parts/notes.tsx'
import { words } from '../../state.ts'
import { chosen, kind, listed, open, sought } from './state.ts'

/** Every place of a kind, by name; what is typed narrows it. */
export function PlaceList() {
  const w = words.value
  const wanted = plain(sought.value).split(/\s+/).filter(Boolean)
  const items = listed.value.filter((p) => {
    const hay = plain(`${p.name.vi} ${p.name.en} ${p.id} ${p.about}`)
    return wanted.every((word) => hay.includes(word))
  })
  return (
    <section class="place-list" aria-label={w.t(`registry.${kind.value}s`)}>
      <input
        type="search"
        value={sought.value}
        placeholder={w.t('registry.search')}
        aria-label={w.t('registry.search')}
        onInput={(e) => {
          sought.value = e.currentTarget.value
        }}
      />
      <p class="soft" role="status">
        {w.t('registry.count', { n: items.length, of: listed.value.length })}
      </p>
      {items.length === 0 && <Empty text={w.t('registry.none')} />}
      <ul>
        {items.map((p) => (
          <li key={p.id}>
            <button
              type="button"
              data-place={p.id}
              aria-current={chosen.value?.id === p.id ? 'true' : undefined}
              onClick={() => open(p.id)}
            >
              <span>{w.text(p.name)}</span>
              <small>
                <code>{p.id}</code>
                {p.about && ` · ${p.about}`}
                {p.edited && <b> · {w.t('registry.edited')}</b>}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
