import { useComputed, useSignal } from '@preact/signals'
import { mapQuery, parameter, slowStations } from '../filters.ts'
import { lookUpPlaces, named } from '../places.ts'
import { go as goTo, place } from '../router.ts'
import { find, type Hit } from '../search.ts'
import { lookAt, openStation, parameters, parks, stations, tab, words } from '../state.ts'
import { StateSign } from './sign.tsx'

/** The search box: a combobox as ARIA describes it, so that arrows, Enter and Escape work. */
export function Search() {
  const w = words.value
  const query = useSignal('')
  const active = useSignal(0)
  const open = useSignal(false)
  const hits = useComputed(() =>
    find(query.value, {
      stations: slowStations.value.values(),
      parks: parks.value.values(),
      parameters: parameters.value.values(),
      places: named.value,
    }),
  )

  const choose = (hit: Hit | undefined) => {
    if (!hit) return
    open.value = false
    query.value = ''
    go(hit)
  }
  const onKey = (e: KeyboardEvent) => {
    const n = hits.value.length
    if (e.key === 'ArrowDown' && n > 0) active.value = (active.value + 1) % n
    else if (e.key === 'ArrowUp' && n > 0) active.value = (active.value + n - 1) % n
    else if (e.key === 'Enter') choose(hits.value[active.value])
    else if (e.key === 'Escape') open.value = false
    else return
    e.preventDefault()
  }
  const showing = open.value && query.value.trim() !== ''
  return (
    <search class="search">
      <input
        type="search"
        // biome-ignore lint/a11y/noRedundantRoles: it is not; the list is named by aria-controls, not by the attribute
        role="combobox"
        list={undefined}
        aria-expanded={showing}
        aria-controls="search-hits"
        aria-autocomplete="list"
        aria-activedescendant={showing && hits.value.length > 0 ? `hit-${active.value}` : undefined}
        aria-label={w.t('search.label')}
        aria-keyshortcuts="/"
        onFocus={lookUpPlaces}
        placeholder={w.t('search.label')}
        autocomplete="off"
        spellcheck={false}
        value={query.value}
        onInput={(e) => {
          query.value = e.currentTarget.value
          active.value = 0
          open.value = true
        }}
        onKeyDown={onKey}
        onBlur={() => {
          open.value = false
        }}
      />
      <div
        id="search-hits"
        role="listbox"
        aria-label={w.t('search.label')}
        hidden={!showing || hits.value.length === 0}
      >
        {hits.value.map((hit, i) => (
          // The box keeps the focus; mousedown comes before its blur.
          // biome-ignore lint/a11y/useFocusableInteractive: options are reached through aria-activedescendant
          <div
            key={`${hit.kind}-${hit.id}`}
            id={`hit-${i}`}
            role="option"
            aria-selected={i === active.value}
            onMouseDown={(e) => {
              e.preventDefault()
              choose(hit)
            }}
          >
            <HitSign hit={hit} />
            <span>{w.text(hit.name)}</span>
            <small>{w.t(`search.${hit.kind}`)}</small>
          </div>
        ))}
      </div>
      {showing && hits.value.length === 0 && (
        <p class="none" role="status">
          {w.t('search.none')}
        </p>
      )}
    </search>
  )
}

function HitSign({ hit }: { hit: Hit }) {
  if (hit.kind !== 'station' && hit.kind !== 'park') return null
  const state = (hit.kind === 'station' ? stations : parks).value.get(hit.id)?.state
  return state ? <StateSign state={state} alone /> : null
}

function go(hit: Hit): void {
  if (place.peek().page !== 'map')
    goTo('map', { ...(hit.kind === 'station' ? { station: hit.id } : {}), ...mapQuery.peek() })
  switch (hit.kind) {
    case 'station':
      openStation(hit.id)
      return
    case 'parameter':
      parameter.value = hit.id
      tab.value = 'stations'
      return
    case 'park':
      goToPark(hit.id)
      return
    case 'place': {
      const found = named.peek().find((n) => n.id === hit.id)
      if (found) lookAt.value = { center: found.location, zoom: 11.5 }
    }
  }
}

function goToPark(id: string): void {
  const park = parks.peek().get(id)
  const first = park?.stations[0]
  if (first && park.stations.length === 1) openStation(first)
  else if (park) lookAt.value = { center: park.location, zoom: 12.5 }
}
