// How fast the page is, printed and held to its promises: weight, first use on a slow phone, work a batch of live values makes.
import { cpus, loadavg } from 'node:os'
import { mapIdle, openPage } from './browser.mjs'
import { serve } from './fixture.mjs'

const MOST_BYTES = 600_000
const MOST_WAIT = 5000
const FRAME = 16
// Chromium's own "Fast 3G".
const FAST_3G = {
  offline: false,
  latency: 562.5,
  downloadThroughput: (1.6 * 1024 * 1024 * 0.9) / 8,
  uploadThroughput: (750 * 1024 * 0.9) / 8,
}
const SLOWER = 4
// A cycle of the fixture is about 380 readings.
const CYCLE = 380
const WATCH = 10_000

export async function speed(browser, base, test) {
  await weight(browser, base, test)
  await firstUse(browser, base, test)
  await batches(browser, test)
}

// On a machine that others work on too the figures are printed and hold nothing.
const busy = () => loadavg()[0] > 2 * cpus().length

const desktop = { viewport: { width: 1280, height: 800 } }

async function weight(browser, base, { check, expect }) {
  const { page, context } = await openPage(browser, base, desktop)
  await check('the first view, with its map, weighs at most 600 kB as it comes', async () => {
    await mapIdle(page)
    await page.waitForTimeout(1000)
    const files = await page.evaluate(bodies)
    const sum = (of) => of.reduce((n, [, bytes]) => n + bytes, 0)
    const own = files.filter(([name]) => !name.includes('/api/'))
    console.log(`      ${kilo(sum(own))} kB in ${own.length} files, and ${kilo(sum(files) - sum(own))} kB of data`)
    // The fixture does not compress.
    if (process.env.BASE_URL) expect(sum(own) <= MOST_BYTES, `${sum(own)} bytes`)
  })
  await context.close()
}

// In the page: what came, each address once, with the size of its compressed body.
function bodies() {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  return [...new Map(all.map((e) => [e.name, e.encodedBodySize]))]
}

const kilo = (n) => (n / 1000).toFixed(0)

async function firstUse(browser, base, { check, expect }) {
  const context = await browser.newContext({
    locale: 'vi-VN',
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
  })
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.emulateNetworkConditions', FAST_3G)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await check('4 times slower and on fast 3G, the lists can be used within 5 s, before the map', async () => {
    const begin = performance.now()
    await page.goto(base, { waitUntil: 'commit' })
    await page.waitForSelector('#list .alert, #list .empty', { timeout: 30_000 })
    const alerts = performance.now() - begin
    await page.tap('#tab-stations')
    await page.waitForSelector('[data-station]', { timeout: 30_000 })
    const stations = performance.now() - begin
    const mapped = await page.evaluate(() => document.querySelector('.map[data-map]') !== null)
    console.log(
      `      alerts after ${(alerts / 1000).toFixed(1)} s, stations opened by a touch after ${(stations / 1000).toFixed(1)} s`,
    )
    expect(!mapped, 'the map came first')
    if (!busy()) expect(stations <= MOST_WAIT, `${stations.toFixed(0)} ms`)
  })
  await context.close()
}

async function batches(browser, { check, expect }) {
  const fixture = await serve({ port: 0, cycle: CYCLE })
  const { page, context } = await openPage(browser, fixture.url, desktop)
  await mapIdle(page)
  await check('1,000 readings a second: a batch of them keeps the page busy for less than a frame', async () => {
    const spent = await page.evaluate(watch, WATCH)
    const of = (q) => spent[Math.min(spent.length - 1, Math.floor(spent.length * q))]
    console.log(
      `      ${spent.length} batches in ${WATCH / 1000} s: p50 ${of(0.5)?.toFixed(1)} ms, p95 ${of(0.95)?.toFixed(1)} ms, most ${of(1)?.toFixed(1)} ms (a frame is ${FRAME} ms)`,
    )
    expect(spent.length >= 10, `${spent.length} batches`)
    if (!busy()) expect(of(0.5) <= FRAME, `p50 ${of(0.5)} ms`)
  })
  await context.close()
  fixture.close()
}

// In the page: the durations of the batches, sorted.
function watch(ms) {
  const spent = []
  const observer = new PerformanceObserver((list) => {
    for (const e of list.getEntriesByName('quantrac-batch')) spent.push(e.duration)
  })
  observer.observe({ entryTypes: ['measure'] })
  return new Promise((done) => setTimeout(() => done(spent.sort((a, b) => a - b)), ms))
}
