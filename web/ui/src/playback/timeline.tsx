import '../styles/timeline.css'
import { useEffect } from 'preact/hooks'
import { present, words } from '../state.ts'
import {
  at,
  begin,
  dragging,
  failed,
  followPlayback,
  leave,
  loadOverview,
  moreAlerts,
  nudge,
  overview,
  playing,
  SPEEDS,
  type Speed,
  seek,
  speed,
  toggle,
  waiting,
} from './player.ts'
import { barsOf, midnights } from './strip.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The picture under the line is asked for this often. */
const AGAIN = 10 * MINUTE

/** The last thirty days under the map: to drag through, and to play. */
export function Timeline() {
  useEffect(followPlayback, [])
  useEffect(() => {
    loadOverview()
    const timer = setInterval(loadOverview, AGAIN)
    return () => clearInterval(timer)
  }, [])
  useEffect(followSpace, [])
  useEffect(() => {
    if (at.value === null) delete document.documentElement.dataset.past
    else document.documentElement.dataset.past = ''
  }, [at.value === null])
  const w = words.value
  return (
    <section class={at.value === null ? 'timeline' : 'timeline past'} aria-label={w.t('playback.label')}>
      <Buttons />
      <Track />
      <Place />
    </section>
  )
}

/** Space plays and pauses wherever nothing else wants it. */
function followSpace(): () => void {
  const onKey = (e: KeyboardEvent) => {
    if (e.key !== ' ' || e.defaultPrevented || at.peek() === null) return
    const target = e.target instanceof Element ? e.target : null
    if (target?.closest('button, a, select, textarea, input:not([type="range"]), [contenteditable], [role="dialog"]'))
      return
    e.preventDefault()
    toggle()
  }
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

function Buttons() {
  const w = words.value
  const name = w.t(playing.value ? 'playback.pause' : 'playback.play')
  if (at.value === null) {
    return (
      <button type="button" class="quiet enter" onClick={toggle}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4.5 12a7.5 7.5 0 1 0 2.6-5.7M4.5 4v4h4M12 8v4.4l3 1.8" />
        </svg>
        {w.t('playback.enter')}
      </button>
    )
  }
  return (
    <div class="buttons">
      <Step by={-HOUR} name={w.t('playback.back')} path="M17 6l-6 6 6 6M11 6l-6 6 6 6" />
      <button type="button" class="quiet icon play" aria-label={name} title={name} onClick={toggle}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path class="solid" d={playing.value ? 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z' : 'M8 5l11 7-11 7z'} />
        </svg>
      </button>
      <Step by={HOUR} name={w.t('playback.forth')} path="M7 6l6 6-6 6M13 6l6 6-6 6" />
      <span class="speed">
        <select
          aria-label={w.t('playback.speed')}
          value={speed.value}
          onChange={(e) => {
            speed.value = Number(e.currentTarget.value) as Speed
          }}
        >
          {SPEEDS.map((s) => (
            <option key={s} value={s}>
              {w.number(s, 0)}×
            </option>
          ))}
        </select>
      </span>
    </div>
  )
}

function Step({ by, name, path }: { by: number; name: string; path: string }) {
  return (
    <button type="button" class="quiet icon" aria-label={name} title={name} onClick={() => nudge(by)}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={path} />
      </svg>
    </button>
  )
}

/** The line to drag on: a range of minutes, over the picture of when alerts were open. */
function Track() {
  const w = words.value
  const from = begin.value
  const to = Math.floor(present.value / MINUTE) * MINUTE
  const value = at.value ?? to
  const drag = (on: boolean) => () => {
    dragging.value = on
  }
  return (
    <div class="track">
      <Picture from={from} to={to} />
      <input
        type="range"
        min={from}
        max={to}
        step={MINUTE}
        value={value}
        aria-label={w.t('playback.time')}
        aria-valuetext={at.value === null ? w.t('playback.live') : w.moment(value)}
        onInput={(e) => {
          playing.value = false
          seek(Number(e.currentTarget.value))
        }}
        onPointerDown={drag(true)}
        onPointerUp={drag(false)}
        onPointerCancel={drag(false)}
        onKeyDown={(e) => {
          const by = stepOf(e)
          if (by === 0) return
          e.preventDefault()
          nudge(by)
        }}
      />
    </div>
  )
}

/** An arrow moves by five minutes, with Shift by an hour, a page by a day; Home and End are the range's own. */
function stepOf(e: KeyboardEvent): number {
  const size = e.shiftKey ? HOUR : 5 * MINUTE
  const steps: Record<string, number> = {
    ArrowLeft: -size,
    ArrowDown: -size,
    ArrowRight: size,
    ArrowUp: size,
    PageDown: -DAY,
    PageUp: DAY,
  }
  return steps[e.key] ?? 0
}

const WIDE = 1000
const HIGH = 24

function Picture({ from, to }: { from: number; to: number }) {
  const w = words.value
  const held = overview.value.value
  const share = (t: number) => (t - from) / (to - from)
  return (
    <>
      <svg class="bars" viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
        {midnights(from, to, 1).map((t) => (
          <path key={t} class="day" d={`M${share(t) * WIDE} 0v${HIGH}`} />
        ))}
        {held &&
          barsOf(held, from, to).map((b) => (
            <rect
              key={b.x}
              class={b.grade}
              x={b.x * WIDE}
              width={Math.max(b.width * WIDE - 0.6, 0.8)}
              y={HIGH * (1 - b.height)}
              height={HIGH * b.height}
            />
          ))}
      </svg>
      <div class="days" aria-hidden="true">
        {midnights(from, to, 5).map((t) => (
          <span key={t} style={{ left: `${share(t) * 100}%` }}>
            {w.day(t)}
          </span>
        ))}
      </div>
    </>
  )
}

/** Where one is: live, or when; and the way back. */
function Place() {
  const w = words.value
  const time = at.value
  if (time === null) return <p class="when live">{w.t('playback.live')}</p>
  const notice = failed.value
    ? w.t('playback.failed')
    : waiting.value
      ? w.t('playback.waiting')
      : moreAlerts.value
        ? w.t('playback.more_alerts')
        : ''
  return (
    <div class="when">
      <p>
        <b>{w.moment(time)}</b>
        <small role="status">{notice}</small>
      </p>
      <button type="button" class="quiet back" onClick={leave}>
        {w.t('playback.return')}
      </button>
    </div>
  )
}

/** Says over the map that this is not the present: by words, by a hatched band, and not by colour alone. */
export function PastBand() {
  const w = words.value
  if (at.value === null) return null
  return (
    <p class="past-band" role="status">
      <b>{w.t('playback.band')}</b> <span>{w.t('playback.band_hint')}</span>
    </p>
  )
}
