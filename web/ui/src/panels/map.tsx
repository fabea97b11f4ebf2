import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Tip } from '../map/point.ts'
import { words } from '../state.ts'
import { Legend } from './legend.tsx'
import { MapBar } from './map-bar.tsx'
import { MapTip } from './map-tip.tsx'
import { mounted } from './mounted.ts'

/** The box of the map. Preact renders what lies over it and never looks inside. */
export function MapView() {
  const w = words.value
  const box = useRef<HTMLDivElement>(null)
  const tip = useSignal<Tip | null>(null)
  const failed = useSignal(false)
  useEffect(() => {
    const container = box.current
    if (!container) return
    return mounted(container, {
      onTip: (t) => {
        tip.value = t
      },
      onFailed: () => {
        failed.value = true
      },
    })
  }, [tip, failed])
  return (
    <div class="map-box">
      <MapBar />
      <div class="map" ref={box} />
      {failed.value && <p class="map-failed">{w.t('map.failed')}</p>}
      {tip.value && <MapTip tip={tip.value} />}
      <Legend />
    </div>
  )
}
