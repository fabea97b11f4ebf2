// The browser test. BASE_URL names a running program; without it the fixture server is started. Screenshots go to shots/.
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { launch, mapIdle, openPage } from './browser.mjs'
import { serve } from './fixture.mjs'
import { mapStories } from './map.mjs'
import { pages } from './pages.mjs'
import { playback } from './playback.mjs'
import { registryStories } from './registry.mjs'
import { speed } from './speed.mjs'
import { wallStories } from './wall.mjs'

const LEAST_STATIONS = 40
const SHOTS = fileURLToPath(new URL('../shots/', import.meta.url))
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let passed = 0
let failed = 0

async function check(name, act) {
  try {
    await act()
    passed += 1
    console.log(`ok    ${name}`)
  } catch (err) {
    failed += 1
    console.log(
      `FAIL  ${name}: ${String(err.message ?? err)
        .split('\n')
        .slice(0, 6)
        .join('\n      ')}`,
    )
  }
}

function expect(ok, message) {
  if (!ok) throw new Error(message)
}

// By evaluate, because the page's policy refuses scripts that are added to it.
async function axe(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const told = violations.map(
    (v) =>
      `${v.id}: ${v.nodes
        .map((n) => n.target.join(' '))
        .slice(0, 3)
        .join(' | ')}`,
  )
  expect(violations.length === 0, told.join('\n'))
}

const shot = (page, name) => page.screenshot({ path: `${SHOTS}${name}.png` })

async function desktop(browser, base) {
  const { page, context, foreign, errors } = await openPage(browser, base, {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
  })
  await check('the page loads and says its title in Vietnamese', async () => {
    await page.waitForSelector('.top h1')
    expect((await page.getAttribute('html', 'lang')) === 'vi', 'lang is not vi')
  })
  await check('the websocket is live', () => page.waitForSelector('[data-connection="live"]', { timeout: 20_000 }))
  await check('the map comes to rest', () => mapIdle(page))
  await check(`at least ${LEAST_STATIONS} stations are drawn`, async () => {
    const n = Number(await page.getAttribute('.map', 'data-drawn'))
    expect(n >= LEAST_STATIONS, `${n} drawn`)
  })
  await check('the map labels load their own font', async () => {
    const fonts = await page.evaluate(
      () => performance.getEntriesByType('resource').filter((r) => r.name.endsWith('.woff2')).length,
    )
    expect(fonts > 0, 'no font was loaded')
  })
  // The demo's first alerts open within half a minute of its start.
  await check('open alerts are listed', () => page.waitForSelector('.alerts .alert', { timeout: 60_000 }))
  await mapIdle(page)
  await shot(page, 'desktop-light')
  await check('a station opens from the list and draws its chart', () => openChart(page))
  await check('every parameter is in the panel', async () => {
    const n = await page.locator('.parameters tbody tr').count()
    expect(n >= 3, `${n} rows`)
  })
  await page.waitForTimeout(700)
  await shot(page, 'station-light')
  await check('axe finds nothing, light, with a station open', () => axe(page))
  await check('switching the language changes the texts', () => switchLanguage(page))
  await check('the theme switch makes it dark', async () => {
    await page.click('.switches .icon')
    expect((await page.getAttribute('html', 'data-theme')) === 'dark', 'not dark')
    await mapIdle(page)
  })
  await page.waitForTimeout(1500)
  await shot(page, 'station-dark')
  await check('axe finds nothing, dark, with a station open', () => axe(page))
  await check('an alert opens with its timeline', () => openAlert(page))
  await page.waitForTimeout(700)
  await shot(page, 'alert-dark')
  await check('the legend hides a state', () => filter(page))
  await check('the search finds without marks, by keyboard alone', () => search(page))
  await check('no request leaves the origin', () => expect(foreign.length === 0, foreign.join(' ')))
  await check('no error on the console', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function openChart(page) {
  await page.click('#tab-stations')
  await page.locator('[data-station]').first().click()
  await page.waitForSelector('.chart canvas', { timeout: 20_000 })
  const inked = await page.evaluate(() => {
    const c = document.querySelector('.chart canvas')
    const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height)
    return data.some((v, i) => i % 4 === 3 && v > 0)
  })
  expect(inked, 'the canvas is empty')
}

async function switchLanguage(page) {
  const before = await page.textContent('#tab-alerts')
  await page.click('.switches button >> nth=0')
  expect((await page.getAttribute('html', 'lang')) === 'en', 'lang is not en')
  // The English texts come when they are first wanted.
  await page.waitForFunction((was) => document.querySelector('#tab-alerts')?.textContent !== was, before)
  const after = await page.textContent('#tab-alerts')
  expect(before !== after && after.startsWith('Alerts'), `${before} became ${after}`)
}

async function openAlert(page) {
  await page.click('#tab-alerts')
  await page.locator('.alerts .alert').first().click()
  await page.waitForSelector('.timeline li', { timeout: 20_000 })
}

async function filter(page) {
  await page.click('#tab-stations')
  const rows = () => page.locator('[data-station]').count()
  const before = await rows()
  const good = page.locator('.legend button:not(.link)').nth(3)
  await good.click()
  expect((await rows()) < before, 'nothing was hidden')
  await good.click()
  expect((await rows()) === before, 'not all came back')
}

async function search(page) {
  await page.focus('.search input')
  await page.keyboard.type('nuoc thai amata')
  await page.waitForSelector('[role="option"]')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-panel^="amata"]')
  await page.focus('.panel h2')
  await page.keyboard.press('Escape')
  await page.waitForSelector('[data-panel]', { state: 'detached' })
}

async function dark(browser, base) {
  const { page, context, errors } = await openPage(browser, base, {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
  })
  await check('a dark system gets the dark theme', async () => {
    await mapIdle(page)
    expect((await page.getAttribute('html', 'data-theme')) === 'dark', 'not dark')
  })
  await shot(page, 'desktop-dark')
  await check('axe finds nothing, dark', () => axe(page))
  await check('no error on the console, dark', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function phone(browser, base) {
  const { page, context, foreign, errors } = await openPage(browser, base, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    colorScheme: 'light',
  })
  await check('phone: the map comes to rest', () => mapIdle(page))
  await check('phone: nothing is wider than the screen', async () => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width <= 390, `${width} px`)
  })
  await page.waitForTimeout(500)
  await shot(page, 'phone')
  await check('phone: axe finds nothing', () => axe(page))
  await check('phone: a station opens and draws its chart', () => openChart(page))
  await page.waitForTimeout(500)
  await shot(page, 'phone-station')
  await check('phone: axe finds nothing with a station open', () => axe(page))
  await check('phone: no foreign request, no error', () =>
    expect(foreign.length + errors.length === 0, [...foreign, ...errors].join('\n')),
  )
  await context.close()
}

// What needs a server that misbehaves or asks for a token: always against the fixture.
async function doors(browser) {
  const fixture = await serve({ port: 0, cycle: 1000, token: 'secret' })
  const { page, context } = await openPage(browser, fixture.url, { viewport: { width: 1280, height: 800 } })
  await check('a server that wants a token gets one, and a wrong one is said to be wrong', async () => {
    await page.click('.use-token')
    await page.fill('#token', 'guess')
    await page.click('[type="submit"]')
    await page.waitForSelector('[role="alert"]')
    await axe(page)
    await page.fill('#token', 'secret')
    await page.click('[type="submit"]')
    await page.waitForSelector('[data-connection="live"]')
  })
  await check('the token is kept in the tab only', async () => {
    const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie].join())
    expect(!kept.includes('secret'), kept)
  })
  await check('a socket that is silent for long is said to be unsure', async () => {
    fixture.hush(true)
    await page.waitForSelector('[data-connection="unsure"]', { timeout: 30_000 })
    fixture.hush(false)
    await page.waitForSelector('[data-connection="live"]')
  })
  await check('a broken connection is said and mended', async () => {
    const broken = page.waitForSelector('[data-connection="reconnecting"]')
    fixture.drop()
    await broken
    await page.waitForSelector('[data-connection="live"]')
  })
  await context.close()
  fixture.close()
}

const fixture = process.env.BASE_URL ? null : await serve({ port: 0, cycle: 2000 })
const base = process.env.BASE_URL ?? fixture.url
await mkdir(SHOTS, { recursive: true })
const browser = await launch()
try {
  await desktop(browser, base)
  await dark(browser, base)
  await phone(browser, base)
  await pages(browser, base, { check, expect, axe, shot })
  await playback(browser, base, { check, expect, axe, shot })
  await registryStories(browser, base, { check, expect, axe, shot })
  await doors(browser)
  await mapStories(browser, { check, expect, axe, shot })
  await wallStories(browser, { check, expect, axe, shot })
  await speed(browser, base, { check, expect })
} catch (err) {
  failed += 1
  console.log(`FAIL  the run broke off: ${err.stack}`)
} finally {
  await browser.close()
  fixture?.close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
