// Watches a page that is left open: 1,000 readings a second for SOAK_MINUTES, and whether its heap stays flat. The figure is taken after a
// collection, so that it is what is held and not what has not been swept yet.
import { launch, mapIdle, openPage } from './browser.mjs'
import { serve } from './fixture.mjs'

const MINUTES = Number(process.env.SOAK_MINUTES ?? 60)
const CYCLE = 380
const MEGA = 1_000_000
// What the heap may have grown by between the first and the last quarter: a tenth, and what a chart or a list takes.
const SHARE = 0.1
const FREE = 2 * MEGA

const fixture = await serve({ port: 0, cycle: CYCLE })
const browser = await launch()
const { page, context } = await openPage(browser, fixture.url, { viewport: { width: 1440, height: 900 } })
await mapIdle(page)
const cdp = await context.newCDPSession(page)
await cdp.send('HeapProfiler.enable')

const every = Math.max(2000, (MINUTES * 60_000) / 60)
const end = Date.now() + MINUTES * 60_000
const figures = []
while (Date.now() < end) {
  await page.waitForTimeout(every)
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters')
  figures.push(usedSize)
  const left = Math.max(0, Math.round((end - Date.now()) / 1000))
  console.log(`${(usedSize / MEGA).toFixed(1)} MB heap, ${nodes} nodes, ${jsEventListeners} listeners, ${left} s left`)
}
await browser.close()
fixture.close()

const quarter = Math.max(1, Math.floor(figures.length / 4))
const median = (of) => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]
const first = median(figures.slice(0, quarter))
const last = median(figures.slice(-quarter))
const grown = last - first
const flat = grown <= first * SHARE + FREE
console.log(
  `heap ${(first / MEGA).toFixed(1)} MB at first, ${(last / MEGA).toFixed(1)} MB at last: ${flat ? 'flat' : 'GROWN'}`,
)
process.exit(flat ? 0 : 1)
