import type { playback as vi } from './vi-playback.ts'

/** Texts of the timeline. */
export const playback: Record<keyof typeof vi, string> = {
  'playback.label': 'Timeline',
  'playback.enter': 'Replay',
  'playback.play': 'Play (space)',
  'playback.pause': 'Pause (space)',
  'playback.back': 'Back 1 hour',
  'playback.forth': 'Forward 1 hour',
  'playback.speed': 'Speed',
  'playback.time': 'Time within the last 30 days',
  'playback.live': 'Live',
  'playback.return': 'Back to now',
  'playback.band': 'Replay',
  'playback.band_hint': 'this is not the present',
  'playback.no_alerts': 'No alert was open then.',
  'playback.waiting': 'Loading…',
  'playback.failed': 'Not loaded, trying again',
  'playback.more_alerts': 'Only the newest 1,000 alerts are shown',
}
