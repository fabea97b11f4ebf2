import type { Map as MapLibre } from 'maplibre-gl'
import { SHAPES } from '../shapes.ts'
import { STATES, type State } from '../wire.ts'

export const iconName = (state: State) => `state-${state}`

/** Side of the box that the shapes are drawn in, and of the icon at size 1, px. */
const BOX = 24
const SIDE = 17
/** Room for the halo, in units of the box. */
const MARGIN = 3
/** Icons grow to this size when zoomed in; drawn much finer than shown they would look ragged. */
const LARGEST = 1.4

/** Draws the signs of the states into the map's images, with a halo in the colour of the ground. */
export function addIcons(map: MapLibre, halo: string): void {
  for (const state of STATES) {
    const image = draw(state, halo)
    if (!image) continue
    if (map.hasImage(iconName(state))) map.updateImage(iconName(state), image)
    else map.addImage(iconName(state), image, { pixelRatio: ratio() })
  }
}

function ratio(): number {
  return Math.max(1, devicePixelRatio) * LARGEST
}

function draw(state: State, halo: string): ImageData | null {
  const scale = (SIDE / BOX) * ratio()
  const size = Math.ceil((BOX + 2 * MARGIN) * scale)
  const canvas = document.createElement('canvas')
  canvas.width = size
  canvas.height = size
  const c = canvas.getContext('2d')
  if (!c) return null
  const { body, fill, mark, ink } = SHAPES[state]
  c.scale(scale, scale)
  c.translate(MARGIN, MARGIN)
  c.lineJoin = 'round'
  c.lineCap = 'round'
  const outline = new Path2D(body)
  stroke(c, outline, halo, 5)
  stroke(c, outline, '#12201d', 2)
  c.fillStyle = fill
  c.fill(outline)
  if (mark) stroke(c, new Path2D(mark), ink, 2.4)
  return c.getImageData(0, 0, size, size)
}

function stroke(c: CanvasRenderingContext2D, path: Path2D, color: string, width: number): void {
  c.strokeStyle = color
  c.lineWidth = width
  c.stroke(path)
}
