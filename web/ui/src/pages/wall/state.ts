import { computed, effect, signal } from '@preact/signals'
import { stationOf } from '../../alert.ts'
import { newsOf } from '../../news.ts'
import { place } from '../../router.ts'
import { imposedTheme, type Look, model, now, openAlerts, rankedAlerts, stations } from '../../state.ts'
import { unsure } from '../../store.ts'
import type { Alert } from '../../wire.ts'
import { type Focus, next, TURN, worst } from './focus.ts'

/** Whose turn it is on the wall, and how well the wall is connected. */

/** What follows need not be worked out for every reading. */
export const turns = computed(() => worst(stations.value, rankedAlerts.value))
const current = signal<string | null>(null)
/** Grows with each turn, for what is drawn anew by it. */
export const turn = signal(0)

export const focus = computed<Focus | null>(
  () => turns.value.find((f) => f.station.id === current.value) ?? turns.value[0] ?? null,
)

export const wanted = signal<Look | 'all' | null>(null)

export type Trouble = 'waiting' | 'lost' | 'unsure' | null

export const trouble = computed<Trouble>(() => {
  const m = model.value
  if (m.epoch === '') return 'waiting'
  if (m.connection !== 'live') return 'lost'
  return unsure(m, now.value) ? 'unsure' : null
})

/** Runs the wall: turns, what opens new, a dark page, a screen that stays on. The returned function ends that. */
export function runWall(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (id: string | null) => {
    clearTimeout(timer)
    current.value = id
    turn.value += 1
    timer = setTimeout(() => show(next(turns.peek(), current.peek())), TURN)
  }
  show(null)
  const stops = [followNew(show), followFocus(), dark(), keepAwake(), renew(), () => clearTimeout(timer)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** What opens new is shown at once. */
function followNew(show: (id: string) => void): () => void {
  let before: ReadonlyMap<string, Alert> | null = null
  return effect(() => {
    const after = openAlerts.value
    const known = model.peek().epoch !== ''
    const [first] = before && known ? newsOf(before, after) : []
    before = known ? after : null
    const id = first && stationOf(first)
    if (id) show(id)
  })
}

const NEAR = 10.2

function followFocus(): () => void {
  let shown: string | null = null
  return effect(() => {
    const f = focus.value
    const id = f?.station.id ?? null
    if (id === shown) return
    shown = id
    wanted.value = f ? { center: f.station.location, zoom: NEAR, exact: true } : 'all'
  })
}

/** A dark page lights no room at night; `?theme=light` is for a bright one. */
function dark(): () => void {
  imposedTheme.value = place.peek().query.theme === 'light' ? 'light' : 'dark'
  return () => {
    imposedTheme.value = null
  }
}

/** Asks the browser to leave the screen on; it may refuse, and forgets it when the page was hidden. */
function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null
  const ask = () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    navigator.wakeLock.request('screen').then(
      (held) => {
        lock = held
      },
      () => {
        // The screen's own settings decide then.
      },
    )
  }
  ask()
  document.addEventListener('visibilitychange', ask)
  return () => {
    document.removeEventListener('visibilitychange', ask)
    void lock?.release()
  }
}

/** Nobody is there to reload the page when the program is a newer one. */
function renew(): () => void {
  const first = model.peek().info?.version
  return effect(() => {
    const version = model.value.info?.version
    if (first && version && version !== first) location.reload()
  })
}
