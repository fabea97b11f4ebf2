// Cuts Natural Earth's land (public domain, 1:10 million, from world-atlas) to the box in which our coordinates lie, and
// writes src/assets/land.geojson. Run `npm run land` after an update of world-atlas; the result is committed.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { feature } from 'topojson-client'

const [WEST, SOUTH, EAST, NORTH] = [100, 7, 112, 24]
const require = createRequire(import.meta.url)
const topology = JSON.parse(readFileSync(require.resolve('world-atlas/land-10m.json'), 'utf8'))

const edges = [
  { inside: (p) => p[0] >= WEST, cut: (a, b) => cross(a, b, 0, WEST) },
  { inside: (p) => p[0] <= EAST, cut: (a, b) => cross(a, b, 0, EAST) },
  { inside: (p) => p[1] >= SOUTH, cut: (a, b) => cross(a, b, 1, SOUTH) },
  { inside: (p) => p[1] <= NORTH, cut: (a, b) => cross(a, b, 1, NORTH) },
]

function cross(a, b, axis, at) {
  const t = (at - a[axis]) / (b[axis] - a[axis])
  const p = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
  p[axis] = at
  return p
}

// Sutherland-Hodgman: enough for one convex box.
function clip(ring) {
  let out = ring.slice(0, -1)
  for (const e of edges) {
    const from = out
    out = []
    from.forEach((p, i) => {
      const before = from[(i + from.length - 1) % from.length]
      if (e.inside(p) !== e.inside(before)) out.push(e.cut(before, p))
      if (e.inside(p)) out.push(p)
    })
  }
  return coarse(out)
}

// To 0.01 degree, as exact as the schematic outline that is drawn on it.
function coarse(points) {
  const rounded = points.map((p) => p.map((c) => Math.round(c * 100) / 100))
  const out = rounded.filter((p, i) => String(p) !== String(rounded[(i + points.length - 1) % points.length]))
  return out.length < 3 ? null : [...out, out[0]]
}

const land = feature(topology, topology.objects.land)
const polygons = land.features.flatMap((f) => f.geometry.coordinates)
const kept = polygons.map((rings) => rings.map(clip).filter(Boolean)).filter((rings) => rings.length > 0)
const out = {
  type: 'FeatureCollection',
  licence: 'Natural Earth, public domain',
  features: [{ type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: kept } }],
}
writeFileSync(new URL('../src/assets/land.geojson', import.meta.url), `${JSON.stringify(out)}\n`)
console.log(`${kept.length} polygons, ${kept.flat(2).length} points`)
