import { describe, expect, test } from 'vitest'
import { CLUSTERS_BELOW, clustersOf, rankOf, type Spot, zoomStep } from '../src/map/clusters.ts'

function random(seed: number): () => number {
  let s = seed
  return () => {
    s = (s * 1664525 + 1013904223) % 4294967296
    return s / 4294967296
  }
}

function spots(n: number, seed = 7): Spot[] {
  const next = random(seed)
  return Array.from({ length: n }, (_, i) => ({
    id: `s${i}`,
    location: [106.4 + next() * 1.2, 10.5 + next() * 1.8] as [number, number],
    rank: Math.floor(next() * 800),
  }))
}

describe('clusters', () => {
  test('each station is drawn once: by itself, as a leader, or behind one', () => {
    const all = spots(3000)
    for (const zoom of [6, 8.5, 10.5]) {
      const clusters = clustersOf(all, zoom)
      const covered = clusters.flatMap((c) => c.others)
      expect(new Set(covered).size).toBe(covered.length)
      for (const c of clusters) expect(covered).not.toContain(c.leader)
    }
  })

  test('no station stands behind one that is better than it', () => {
    const all = spots(2000)
    const rank = new Map(all.map((s) => [s.id, s.rank]))
    const clusters = clustersOf(all, 8)
    expect(clusters.length).toBeGreaterThan(10)
    for (const c of clusters)
      for (const id of c.others) expect(rank.get(id) ?? 0).toBeLessThanOrEqual(rank.get(c.leader) ?? -1)
  })

  test('the worst of all is never covered', () => {
    const all = spots(500)
    const worst = all[123]
    if (!worst) throw new Error('no station')
    worst.rank = 10_000
    for (let zoom = 6; zoom < 12; zoom += 0.5)
      expect(clustersOf(all, zoom).flatMap((c) => c.others)).not.toContain(worst.id)
  })

  test('the order of the input does not matter', () => {
    const all = spots(400)
    expect(clustersOf([...all].reverse(), 8)).toEqual(clustersOf(all, 8))
  })

  test('near in, every station stands for itself', () => {
    expect(clustersOf(spots(400), CLUSTERS_BELOW)).toEqual([])
    expect(zoomStep(14.3)).toBe(CLUSTERS_BELOW)
    expect(zoomStep(8.74)).toBe(8.5)
  })

  test('two at the same place are one; two far apart are two', () => {
    const at = (id: string, lon: number, rank: number): Spot => ({ id, location: [lon, 11], rank })
    expect(clustersOf([at('a', 107, 1), at('b', 107, 5)], 8)).toEqual([
      { leader: 'b', location: [107, 11], others: ['a'] },
    ])
    expect(clustersOf([at('a', 107, 1), at('b', 107.5, 5)], 8)).toEqual([])
  })

  test('the state comes before the index, and small changes are none', () => {
    expect(rankOf('exceed', 1)).toBeGreaterThan(rankOf('preparing', 9))
    expect(rankOf('good', 0.3)).toBe(rankOf('good', 0.31))
    expect(rankOf('good', null)).toBe(rankOf('good', 0))
    expect(rankOf('exceed', 1e9)).toBeGreaterThan(rankOf('exceed', 2))
  })
})
