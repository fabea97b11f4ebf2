import { useSignal } from '@preact/signals'
import { trouble } from '../../parts/trouble.ts'
import { words } from '../../state.ts'
import { registry } from './client.ts'

/** Hands the registry over as a file. It is fetched and not linked to: a link would carry no token. */
export function ExportButton() {
  const w = words.value
  const told = useSignal('')
  const save = async () => {
    told.value = ''
    try {
      const url = URL.createObjectURL(await registry.file())
      const link = document.createElement('a')
      link.href = url
      link.download = 'registry.geojson'
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    } catch (err) {
      told.value = w.t(trouble(err).text)
    }
  }
  return (
    <>
      {told.value && <span role="alert">{told.value}</span>}
      <button type="button" class="quiet" onClick={() => void save()}>
        {w.t('registry.export')}
      </button>
    </>
  )
}
