import { defineConfig } from 'vitest/config'
// @ts-expect-error: a script without types
import { trim } from './scripts/trim.mjs'
// @ts-expect-error: a script without types
import { weight } from './scripts/weight.mjs'

/** Where `npm run dev` finds the program: `quantrac demo`, or the fixture server. */
const backend = 'http://127.0.0.1:8080'

export default defineConfig({
  // Relative, so that the page also works below a path of a reverse proxy.
  base: './',
  plugins: [trim(), weight()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // MapLibre is most of the map's piece, which only the map's page loads.
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1600, sourcemap: false },
  server: {
    proxy: {
      '/api': backend,
      '/ws': { target: backend, ws: true },
    },
  },
  test: { include: ['test/**/*.test.ts'], setupFiles: ['test/setup.ts'] },
})
