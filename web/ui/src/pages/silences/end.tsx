import { useSignal } from '@preact/signals'
import { endMute } from '../../mutes/client.ts'
import { muteState } from '../../mutes/mute.ts'
import { scopeText } from '../../mutes/sentence.ts'
import { names, refreshMutes } from '../../mutes/state.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import type { Mute } from '../../wire.ts'
import { ending } from './state.ts'

/** Asks before a silence is ended: what still stands is told at once. */
export function EndMute({ mute: m }: { mute: Mute }) {
  const w = words.value
  const busy = useSignal(false)
  const error = useSignal<string | undefined>(undefined)
  const active = muteState(m, Date.now()) === 'active'
  const close = () => {
    ending.value = null
  }
  const yes = async () => {
    busy.value = true
    try {
      await endMute(m)
      refreshMutes()
      close()
    } catch (err) {
      const { text, detail } = trouble(err)
      error.value = [w.t(text), detail].filter(Boolean).join(' ')
      busy.value = false
    }
  }
  return (
    <Confirm
      title={w.t(active ? 'silences.sure_end' : 'silences.sure_cancel')}
      hint={`“${scopeText(m.matcher, names.value, w)}.” ${w.t(active ? 'silences.sure_end_hint' : 'silences.sure_cancel_hint')}`}
      act={w.t(active ? 'silences.end' : 'silences.cancel')}
      error={error.value}
      busy={busy.value}
      onYes={() => void yes()}
      onNo={close}
    />
  )
}
