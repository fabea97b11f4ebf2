import { useSignal } from '@preact/signals'
import { Confirm } from '../../parts/dialog.tsx'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'

interface SureProps {
  title: string
  hint: string
  act: string
  grave?: boolean
  perform: () => Promise<void>
  onClose: () => void
}

/** Every act that keeps somebody out is asked for twice, by the name. */
export function Sure({ title, hint, act, grave = false, perform, onClose }: SureProps) {
  const w = words.value
  const busy = useSignal(false)
  const failed = useSignal<unknown>(null)
  const doIt = async () => {
    busy.value = true
    failed.value = null
    try {
      await perform()
      onClose()
    } catch (err) {
      failed.value = err
    }
    busy.value = false
  }
  const problem = failed.value ? trouble(failed.value) : null
  return (
    <Confirm
      title={title}
      hint={hint}
      act={act}
      grave={grave}
      error={problem ? `${w.t(problem.text)} ${problem.detail}` : undefined}
      busy={busy.value}
      onYes={() => void doIt()}
      onNo={onClose}
    />
  )
}
