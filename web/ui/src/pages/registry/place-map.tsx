import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { mountPicker, type Picker } from '../../map/picker.ts'
import { stations, theme, words } from '../../state.ts'
import type { Point } from '../../wire.ts'

interface PlaceMapProps {
  position: Point | null
  outline: readonly Point[]
  drawing: boolean
  onPosition: (p: Point) => void
  onCorner: (p: Point) => void
  onMoved: (i: number, p: Point) => void
}

/** The box of the map beside the form. */
export function PlaceMap(props: PlaceMapProps) {
  const w = words.value
  const box = useRef<HTMLDivElement>(null)
  const picker = useRef<Picker | null>(null)
  const acts = useRef(props)
  acts.current = props
  useEffect(() => {
    if (!box.current) return
    try {
      picker.current = mountPicker(box.current, theme.peek(), words.peek().t('registry.map'), {
        position: (p) => acts.current.onPosition(p),
        corner: (p) => acts.current.onCorner(p),
        moved: (i, p) => acts.current.onMoved(i, p),
      })
      const at = acts.current.position
      if (at) picker.current.lookAt(at)
    } catch {
      // Without a map the numbers are still there.
    }
    return () => {
      picker.current?.remove()
      picker.current = null
    }
  }, [])
  useSignalEffect(() => picker.current?.paint(theme.value))
  const others = [...stations.value.values()].map((s) => s.location)
  const { position, outline, drawing } = props
  useEffect(() => picker.current?.show({ position, outline, drawing, others }))
  return (
    <figure class="place-map">
      <div class="map" ref={box} />
      <figcaption>{w.t(drawing ? 'registry.map_corner_hint' : 'registry.map_hint')}</figcaption>
    </figure>
  )
}
