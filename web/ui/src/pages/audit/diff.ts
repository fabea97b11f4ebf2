/** What a change changed, field by field. Pure. */

export interface Change {
  path: string
  /** null: it was not there, or is not any more. */
  before: string | null
  after: string | null
}

/** Fields beyond this many are counted only. */
export const MOST = 200

export function changes(before: unknown, after: unknown): Change[] {
  const was = flat(before)
  const is = flat(after)
  const out: Change[] = []
  for (const path of new Set([...was.keys(), ...is.keys()])) {
    const one = was.get(path) ?? null
    const other = is.get(path) ?? null
    if (one !== other) out.push({ path, before: one, after: other })
  }
  return out
}

/** Every leaf of a value by its path; a list of plain values is a leaf. */
function flat(value: unknown): Map<string, string> {
  const leaves = new Map<string, string>()
  const walk = (v: unknown, path: string) => {
    if (v === null || v === undefined) return
    if (Array.isArray(v) && v.every((x) => typeof x !== 'object' || x === null)) {
      if (v.length > 0) leaves.set(path, v.join(', '))
    } else if (typeof v === 'object') {
      for (const [name, inner] of Object.entries(v)) walk(inner, path ? `${path}.${name}` : name)
    } else leaves.set(path, String(v))
  }
  walk(value, '')
  return leaves
}
