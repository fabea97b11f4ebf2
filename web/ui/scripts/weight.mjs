import { gzipSync } from 'node:zlib'

// What the first view may weigh, gzip, in all: the page, the map with its worker, the grounds that it draws. Fonts are counted as they are.
const MOST = 600_000
const LEVEL = 9

// The parts that the first view of the map brings in after its entry.
const FIRST = ['/panels/home.tsx', '/panels/map-column.tsx', '/map/map.ts']
// The scripts of a font that a Vietnamese page shows; a browser fetches the others only where a character asks for them.
const UNUSED = /-latin-ext-.*\.woff2$/

// Fails the build when the first view has become too heavy, and says what is in it.
export function weight() {
  return {
    name: 'weight',
    apply: 'build',
    // The lists are what is used first: their code comes with the page's own and not after it.
    transformIndexHtml: { order: 'post', handler: (_, { bundle }) => (bundle ? preloads(bundle) : []) },
    generateBundle(_, bundle) {
      const files = firstView(bundle)
      const sizes = [...files].map((name) => [name, sizeOf(bundle[name], name)])
      const all = sizes.reduce((sum, [, size]) => sum + size, 0)
      const told = sizes
        .sort((a, b) => b[1] - a[1])
        .map(([name, size]) => `  ${String(Math.round(size / 100) / 10).padStart(7)} kB  ${name}`)
      if (!FIRST.every((part) => Object.values(bundle).some((item) => item.facadeModuleId?.endsWith(part))))
        this.error('a part of the first view is not built')
      console.log(`first view: ${Math.round(all / 1000)} kB gzip of at most ${MOST / 1000} kB\n${told.join('\n')}`)
      if (all > MOST) this.error(`the first view weighs ${all} bytes, more than ${MOST}`)
    },
  }
}

function firstView(bundle) {
  const files = new Set()
  const take = (name) => {
    const item = bundle[name]
    if (!item || files.has(name)) return
    files.add(name)
    if (item.type !== 'chunk') return
    for (const next of [...item.imports, ...(item.viteMetadata?.importedCss ?? [])]) take(next)
    for (const asset of item.viteMetadata?.importedAssets ?? []) take(asset)
  }
  for (const [name, item] of Object.entries(bundle)) {
    if (item.type !== 'chunk') continue
    const id = item.facadeModuleId ?? ''
    if (item.isEntry || FIRST.some((part) => id.endsWith(part))) take(name)
  }
  // A style sheet names its fonts by address only.
  for (const name of Object.keys(bundle)) {
    if (name.endsWith('.woff2') && !UNUSED.test(name)) files.add(name)
  }
  return new Set([...files].filter((name) => !UNUSED.test(name)))
}

function preloads(bundle) {
  const home = Object.entries(bundle).find(([, item]) => item.facadeModuleId?.endsWith(FIRST[0]))
  if (!home) return []
  const [name, chunk] = home
  const tag = (attrs) => ({ tag: 'link', attrs, injectTo: 'head' })
  const scripts = [name, ...chunk.imports].map((href) =>
    tag({ rel: 'modulepreload', crossorigin: true, href: `./${href}` }),
  )
  const sheets = [...(chunk.viteMetadata?.importedCss ?? [])].map((href) =>
    tag({ rel: 'preload', as: 'style', crossorigin: true, href: `./${href}` }),
  )
  return [...scripts, ...sheets]
}

function sizeOf(item, name) {
  const body = item.type === 'chunk' ? item.code : item.source
  return name.endsWith('.woff2') ? body.length : gzipSync(body, { level: LEVEL }).length
}
