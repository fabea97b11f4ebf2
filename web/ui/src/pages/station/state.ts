import { computed, effect, signal } from '@preact/signals'
import { worstParameter } from '../../history.ts'
import { place, refine } from '../../router.ts'
import { Source } from '../../source.ts'
import { model, now, role, stations } from '../../state.ts'
import type { Ledger } from '../../wire-doors.ts'
import type { Passport } from '../../wire-passport.ts'
import { getBooks, getLine, getMeans, getPassport, listConflicts, rawRows } from './client.ts'
import { comparedOf, type Of, textOf } from './compare.ts'
import { heldIn } from './limits.ts'
import type { Value } from './line.ts'
import { type Band, bandsOf, type Point, pointsOf } from './marks.ts'
import {
  addressOfSpan,
  canOverlay,
  OVERLAY_NAMES,
  OVERLAYS,
  type Overlay,
  type Span,
  type Step,
  spanOf,
  stepOf,
} from './span.ts'

/** What is on the page of one station. The address says which station, parameter, span and lines. */

export const query = computed(() => (place.value.page === 'station' ? place.value.query : {}))
export const id = computed(() => query.value.id ?? '')
export const station = computed(() => stations.value.get(id.value) ?? null)
/** Its id once it is known to be one. */
const known = computed(() => station.value?.id ?? '')
/** The stations are known, and this is none of them. */
export const missing = computed(() => model.value.epoch !== '' && !station.value)
export const parameter = computed(() => {
  const s = station.value
  if (!s) return ''
  const asked = query.value.p ?? ''
  return s.parameters.includes(asked) ? asked : (worstParameter(s) ?? '')
})
export const main = computed<Of>(() => ({ station: id.value, parameter: parameter.value }))
export const compared = computed(() => comparedOf(query.value.with ?? '', main.value))
export const asTable = computed(() => query.value.view === 'table')

/** The present of the chart: it moves on in steps, so that a line is not asked for every second. */
const present = signal(Date.now())
export const span = computed<Span>(() => spanOf(query.value, present.value))

export const passport = new Source<Passport>()
/** Between two readings, ms; what is not known is the usual. */
export const cycle = computed(() => {
  const p = passport.state.value.value
  return p?.id === id.value ? p.cycle_seconds * 1000 : 300_000
})
export const step = computed<Step>(() => stepOf(span.value.to - span.value.from, cycle.value))
export const overlays = computed<Overlay[]>(() => {
  const asked = (query.value.mean ?? '').split(',')
  const length = span.value.to - span.value.from
  return OVERLAY_NAMES.filter((o) => asked.includes(o) && canOverlay(o, length, step.value))
})

/** What a chart is drawn from. */
export interface Drawn {
  of: Of
  span: Span
  step: Step
  cycle: number
  line: readonly Value[]
  overlays: readonly { name: Overlay; line: readonly Value[] }[]
  compared: readonly { of: Of; line: readonly Value[] }[]
  bands: readonly Band[]
  points: readonly Point[]
  /** There are more marks than were asked for: those before this time are shown; null = all are. */
  markedUntil: number | null
}

export const drawn = new Source<Drawn>()
export const books = new Source<Ledger>()
/** Grows when the reader asks for everything anew. */
export const asked = signal(0)

/** The limits of the chart's parameter that hold in its span. */
export const held = computed(() => {
  const p = passport.state.value.value
  const { from, to } = drawn.state.value.value?.span ?? span.value
  return p?.id === id.value ? heldIn(p.limits, parameter.value, from, to) : []
})

export function showSpan(s: Span, how: 'push' | 'replace' = 'push'): void {
  refine(addressOfSpan(s), how)
}

export function showParameter(code: string): void {
  refine({
    p: code,
    with: textOf(
      compared.peek().filter((c) => c.station === id.peek() && c.parameter !== code),
      main.peek(),
    ),
  })
}

export function compare(of: readonly Of[]): void {
  refine({ with: textOf(of, main.peek()) })
}

export function toggleOverlay(o: Overlay): void {
  const held = (query.peek().mean ?? '').split(',').filter(Boolean)
  const next = held.includes(o) ? held.filter((h) => h !== o) : [...held, o]
  refine({ mean: next.join(',') })
}

export function refresh(): void {
  present.value = Date.now()
  asked.value += 1
}

/** How often a line that ends now is asked for again, ms: a hundredth of its span, and neither all the time nor never. */
function patience(length: number): number {
  return Math.min(300_000, Math.max(15_000, length / 100))
}

/** Follows the address; the returned function ends that. */
export function followStationPage(): () => void {
  present.value = Date.now()
  const stops = [effect(loadPassport), effect(loadDrawn), effect(loadBooks), effect(moveOn)]
  return () => {
    for (const stop of stops) stop()
    passport.clear()
    drawn.clear()
    books.clear()
  }
}

function moveOn(): void {
  const at = now.value
  const { name, from, to } = span.peek()
  if (name && !document.hidden && at - present.peek() > patience(to - from)) present.value = at
}

function loadPassport(): void {
  void role.value
  void asked.value
  const of = known.value
  if (of && passport.state.peek().value?.id !== of) passport.clear()
  if (of) void passport.load((abort) => getPassport(of, abort))
}

/** Marks that a chart shows at most; beyond that it says so. */
const MOST_MARKED = 5000
const MOST_CONFLICTS = 500

function loadDrawn(): void {
  void asked.value
  const of = main.value
  const within = span.value
  const beside = compared.value
  const over = overlays.value
  // Without the cycle it would be asked for twice, in two steps.
  const ready = passport.state.value.status !== 'loading' || passport.state.value.value !== null
  if (of.parameter === '' || !ready) return
  const every = step.value
  const pause = cycle.value
  void drawn.load(async (abort) => {
    const marks = rawRows(of, within, { most: MOST_MARKED, marked: true }, abort)
    const conflicts = listConflicts(of, within, MOST_CONFLICTS, abort)
    const [marked, doubled, line, besides, means] = await Promise.all([
      marks,
      conflicts,
      getLine(of, within, every, every.ms > pause, abort),
      Promise.all(beside.map((c) => getLine(c, within, every, false, abort))),
      Promise.all(over.map((name) => getMeans(of, within, { every: name, ms: OVERLAYS[name] }, abort))),
    ])
    return {
      of,
      span: within,
      step: every,
      cycle: pause,
      line,
      compared: beside.map((c, i) => ({ of: c, line: besides[i] ?? [] })),
      overlays: over.map((name, i) => ({ name, line: means[i] ?? [] })),
      bands: bandsOf(marked.items, pause),
      points: pointsOf(marked.items, doubled.items),
      markedUntil: marked.next_cursor ? Date.parse(marked.next_cursor) : null,
    }
  })
}

function loadBooks(): void {
  void asked.value
  const of = known.value
  const within = span.value
  if (of) void books.load((abort) => getBooks(of, within, abort))
}
