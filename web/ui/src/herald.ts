import { effect, signal } from '@preact/signals'
import { chosen, keep } from './choice.ts'
import { newsOf } from './news.ts'
import { model, words } from './state.ts'
import type { Alert } from './wire.ts'

/** Tells of new alerts beyond the page: by a sound, by a notification of the browser. Both are off until the reader wants them. */

export const sound = signal(chosen('sound') === 'on')
export const notify = signal(chosen('notify') === 'on' && permission() === 'granted')

/** "unsupported" also where the page has come by plain HTTP. */
export function permission(): NotificationPermission | 'unsupported' {
  return 'Notification' in globalThis && globalThis.isSecureContext ? Notification.permission : 'unsupported'
}

export function setSound(on: boolean): void {
  sound.value = on
  keep('sound', on ? 'on' : 'off')
  // The press that turns it on is what a browser wants to see before it lets a page be heard; it also says what will be heard.
  if (on) void unlock().then(play)
}

/** Asks the browser where it has not been asked; false: it says no. */
export async function setNotify(on: boolean): Promise<boolean> {
  const granted = on && permission() !== 'unsupported' && (await Notification.requestPermission()) === 'granted'
  notify.value = granted
  keep('notify', granted ? 'on' : 'off')
  return granted === on
}

/** Follows the open alerts; the returned function ends that. */
export function followNews(): () => void {
  let before: ReadonlyMap<string, Alert> | null = null
  const onPress = () => {
    if (sound.peek()) void unlock()
  }
  document.addEventListener('pointerdown', onPress, { passive: true })
  document.addEventListener('keydown', onPress)
  const stop = effect(() => {
    const after = model.value.alerts
    if (model.value.epoch === '') return
    const news = before ? newsOf(before, after) : []
    before = after
    if (news.length === 0) return
    if (sound.peek()) play()
    if (notify.peek()) show(news)
  })
  return () => {
    stop()
    document.removeEventListener('pointerdown', onPress)
    document.removeEventListener('keydown', onPress)
  }
}

/** One notification however many: a storm of alerts must not become a storm of windows. */
function show(news: readonly Alert[]): void {
  const w = words.peek()
  const [first] = news
  if (!first || document.hasFocus()) return
  const many = news.length > 1
  const title = many ? w.t('herald.many', { n: news.length }) : w.t(`severity.${first.severity}`)
  const url = new URL(many ? './alerts' : `./alerts?alert=${encodeURIComponent(first.id)}`, document.baseURI)
  try {
    const shown = new Notification(title, { body: w.text(first.summary), tag: 'quantrac', lang: w.language })
    shown.onclick = () => {
      window.focus()
      location.assign(url)
    }
  } catch {
    // Some phones allow it from a service worker only; the page itself still tells.
  }
}

let audio: AudioContext | null = null

/** A browser lets a page be heard only after a press in it. */
async function unlock(): Promise<boolean> {
  try {
    audio ??= new AudioContext()
    if (audio.state === 'suspended') await audio.resume()
    return audio.state === 'running'
  } catch {
    // Without a sound device the page stays silent; the alert is shown all the same.
    return false
  }
}

/** Two short notes, made here so that nothing has to be fetched. What cannot be heard now is not saved up for later. */
function play(): void {
  if (audio?.state !== 'running') return
  const at = audio.currentTime
  note(audio, 880, at)
  note(audio, 1174.7, at + 0.16)
}

function note(to: AudioContext, pitch: number, at: number): void {
  const tone = to.createOscillator()
  const loud = to.createGain()
  tone.frequency.value = pitch
  loud.gain.setValueAtTime(0, at)
  loud.gain.linearRampToValueAtTime(0.16, at + 0.015)
  loud.gain.exponentialRampToValueAtTime(0.001, at + 0.3)
  tone.connect(loud).connect(to.destination)
  tone.start(at)
  tone.stop(at + 0.32)
}
