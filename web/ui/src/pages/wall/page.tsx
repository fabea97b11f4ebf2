import '../../styles/lists.css'
import '../../styles/map.css'
import '../../styles/map-tools.css'
import '../../styles/wall.css'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { mounted } from '../../panels/mounted.ts'
import { StateSign } from '../../panels/sign.tsx'
import { Link } from '../../parts/link.tsx'
import { go } from '../../router.ts'
import { model, now, openAlerts, stateCounts, words } from '../../state.ts'
import { STATES } from '../../wire.ts'
import { clockFace, isNight, shift } from './focus.ts'
import { FocusCard } from './focus-card.tsx'
import { Newest } from './newest.tsx'
import { runWall, type Trouble, trouble, wanted } from './state.ts'

/** For a screen that many look at from afar and nobody touches. */
export function WallPage() {
  const w = words.value
  useEffect(runWall, [])
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.key === 'Escape') go('map')
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  const [x, y] = shift(now.value)
  const night = isNight(now.value) ? ' night' : ''
  const old = trouble.value ? ' old' : ''
  return (
    <main class={`wall${night}${old}`} id="main" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <header>
        <h1>{w.t('wall.title', { place: w.text(model.value.info?.title) })}</h1>
        {model.value.info?.demo && <span class="demo">{w.t('app.demo')}</span>}
        <Link page="map" class="quiet">
          {w.t('wall.back')}
        </Link>
        <Clock />
      </header>
      {trouble.value && <TroubleBand trouble={trouble.value} />}
      <States />
      <section class="wall-focus" aria-label={w.t('wall.focus')}>
        <FocusCard />
        <WallMap />
      </section>
      <section class="wall-alerts" aria-labelledby="wall-newest">
        <h2 id="wall-newest">
          {w.t('wall.newest')} <b>{w.count(openAlerts.value.size)}</b>
        </h2>
        <Newest />
      </section>
    </main>
  )
}

function Clock() {
  const [date, time] = clockFace(now.value, words.value.language)
  return (
    <p class="wall-clock">
      <span>{date}</span>
      <time>{time}</time>
    </p>
  )
}

function TroubleBand({ trouble: kind }: { trouble: NonNullable<Trouble> }) {
  const w = words.value
  const { heardAt } = model.value
  return (
    <div class={`wall-trouble ${kind}`} role="alert">
      <b>{w.t(`wall.${kind}`)}</b>
      {heardAt !== null && (
        <span>{w.t('wall.lost_since', { when: w.time(heardAt), age: w.age(heardAt, now.value) })}</span>
      )}
    </div>
  )
}

function States() {
  const w = words.value
  const n = stateCounts.value
  return (
    <section class="wall-states" aria-label={w.t('wall.states')}>
      <ul>
        {STATES.map((s) => (
          <li key={s} class={n[s] === 0 ? 'none' : s}>
            <StateSign state={s} />
            <b>{w.count(n[s])}</b>
            <span>{w.t(`state.${s}`)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function WallMap() {
  const box = useRef<HTMLDivElement>(null)
  const failed = useSignal(false)
  useEffect(() => {
    if (!box.current) return
    return mounted(box.current, {
      still: true,
      wanted,
      onTip: () => undefined,
      onFailed: () => {
        failed.value = true
      },
    })
  }, [failed])
  if (failed.value) return null
  return (
    <div class="wall-map" aria-hidden="true">
      <div class="map" ref={box} />
    </div>
  )
}
