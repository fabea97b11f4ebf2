import { computed, effect, signal } from '@preact/signals'
import { type MuteState, muteState } from '../../mutes/mute.ts'
import { mutes, refreshMutes } from '../../mutes/state.ts'
import { place } from '../../router.ts'
import { now, role } from '../../state.ts'
import type { Mute } from '../../wire.ts'

/** What is on the page of silences. */

const query = computed(() => (place.value.page === 'silences' ? place.value.query : {}))

export const KINDS = ['any', 'silence', 'maintenance'] as const
export type Kind = (typeof KINDS)[number]
export const kind = computed<Kind>(() => KINDS.find((k) => k === query.value.kind) ?? 'any')
/** The list with its bars, or a month on a calendar. */
export const VIEWS = ['list', 'month'] as const
export type View = (typeof VIEWS)[number]
export const view = computed<View>(() => (query.value.view === 'month' ? 'month' : 'list'))
/** "" = the present one. */
export const month = computed(() => query.value.month ?? '')
/** The one that a link points out. */
export const pointedOut = computed(() => query.value.mute ?? null)

export const STATES = ['active', 'pending', 'expired'] as const

const minute = computed(() => Math.floor(now.value / 10_000) * 10_000)

export const sections = computed<Record<MuteState, Mute[]>>(() => {
  const out: Record<MuteState, Mute[]> = { active: [], pending: [], expired: [] }
  for (const m of mutes.state.value.value ?? []) {
    if (kind.value === 'any' || m.kind === kind.value) out[muteState(m, minute.value)].push(m)
  }
  // What ends or begins next stands first; of what is over, the newest.
  out.active.sort((a, b) => Date.parse(a.to) - Date.parse(b.to))
  out.pending.sort((a, b) => Date.parse(a.from) - Date.parse(b.from))
  out.expired.sort((a, b) => Date.parse(b.to) - Date.parse(a.to))
  return out
})

export const making = signal<Mute['kind'] | null>(null)
export const ending = signal<Mute | null>(null)

export function followSilences(): () => void {
  return effect(() => {
    void role.value
    refreshMutes()
  })
}
