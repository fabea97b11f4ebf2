import type { Park, Point, Rivers, Text } from './wire.ts'

/** Names of places that the search knows besides stations and parks. Pure. */
export interface Named {
  id: string
  name: Text
  location: Point
}

/** Communes and wards, from where the parks say that they lie; each in the middle of its parks. */
export function communes(parks: Iterable<Park>): Named[] {
  const found = new Map<string, { name: string; at: Point[] }>()
  for (const park of parks) {
    for (const name of namesIn(park.place ?? '')) {
      const key = name.toLowerCase()
      const held = found.get(key)
      if (held) held.at.push(park.location)
      else found.set(key, { name, at: [park.location] })
    }
  }
  return [...found].map(([key, { name, at }]) => ({
    id: key,
    name: { vi: name, en: name },
    location: [mean(at, 0), mean(at, 1)],
  }))
}

/** "A, B (cũ) → ~phường C, Đồng Nai mới" names A, B and phường C: the province itself is no place to go to. */
function namesIn(place: string): string[] {
  return place
    .split(/[,;→/]/)
    .map((part) =>
      part
        .replace(/\(.*?\)/g, '')
        .replace(/[~≈]/g, '')
        .replace(/\s+(mới|cũ)\s*$/i, '')
        .trim(),
    )
    .filter((name) => name.length > 1 && !/^(tỉnh )?đồng nai$/i.test(name))
}

/** Rivers, each at the middle of its course. */
export function waters(rivers: Rivers | null): Named[] {
  return (rivers?.features ?? []).flatMap((f) => {
    const line = f.geometry.coordinates
    const middle = line[Math.floor(line.length / 2)]
    return middle ? [{ id: f.properties.id, name: f.properties.name, location: middle }] : []
  })
}

function mean(at: readonly Point[], axis: 0 | 1): number {
  return at.reduce((sum, p) => sum + p[axis], 0) / at.length
}

/** Enough for a province; more would make every press of a key slow. */
const MOST = 5000

/** The named points of a GeoJSON file; what is none is passed over. */
export function fromFile(file: unknown): Named[] {
  const features = isObject(file) && Array.isArray(file.features) ? file.features : []
  const found: Named[] = []
  for (const f of features.slice(0, MOST)) {
    if (!isObject(f) || !isObject(f.geometry) || !isObject(f.properties) || f.geometry.type !== 'Point') continue
    const { name, name_vi, name_en } = f.properties
    const vi = [name_vi, name, name_en].find((n): n is string => typeof n === 'string' && n !== '')
    const [lon, lat] = Array.isArray(f.geometry.coordinates) ? f.geometry.coordinates : []
    if (!vi || typeof lon !== 'number' || typeof lat !== 'number') continue
    const en = typeof name_en === 'string' && name_en ? name_en : vi
    found.push({ id: `${vi} ${lon},${lat}`, name: { vi, en }, location: [lon, lat] })
  }
  return found
}

function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null
}
