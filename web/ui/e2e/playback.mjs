// The timeline: into the past and out again, by pointer and by keyboard, with map, lists and panel following.
import { mapIdle, openPage } from './browser.mjs'

const HOUR = 3_600_000
// The pictures of a play must not hold up the page: the greatest share of them fits into a frame.
const FRAME = 16

export async function playback(browser, base, test) {
  await story(browser, base, test)
  await shared(browser, base, test)
  await look(browser, base, test)
}

const range = '.timeline input[type="range"]'
const shownTime = (page) => page.inputValue(range).then(Number)

async function story(browser, base, { check, expect, axe, shot }) {
  const { page, context, foreign, errors } = await openPage(browser, base, {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
  })
  await page.waitForSelector('[data-connection="live"]', { timeout: 20_000 })
  await mapIdle(page)
  await check('the timeline stands under the map and is live', async () => {
    await page.getByRole('region', { name: 'Dòng thời gian' }).waitFor()
    expect((await page.textContent('.timeline .when')) === 'Trực tiếp', await page.textContent('.timeline'))
    await page.waitForSelector('.timeline .bars rect', { timeout: 20_000, state: 'attached' })
  })
  await check('five hours back by keyboard: the page says that it is not now, and the address when', async () => {
    await page.focus(range)
    for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowLeft')
    await page.getByText('Đang xem lại').waitFor()
    await page.waitForFunction(() => location.search.includes('t=2'))
    const back = Date.now() - Date.parse(new URL(page.url()).searchParams.get('t'))
    expect(Math.abs(back - 5 * HOUR) < 120_000, `${back / HOUR} h`)
  })
  await check('stations and alerts are those of then', async () => {
    await page.waitForSelector('.timeline [role="status"]:empty', { state: 'attached', timeout: 20_000 })
    await page.click('#tab-stations')
    const then = await page.locator('[data-station]').allInnerTexts()
    expect(then.length >= 40, `${then.length} stations`)
  })
  await shot(page, 'playback-light')
  await check('axe finds nothing in the past, light', () => axe(page))
  await check('the open station shows its values of then', async () => {
    await page.locator('[data-station]').first().click()
    await page.waitForFunction(() => document.querySelectorAll('.parameters td.num b').length > 0, null, {
      timeout: 20_000,
    })
  })
  await shot(page, 'playback-station')
  await check('it plays at 3600×, and the page keeps up', () => play(page, expect))
  await check('space pauses', async () => {
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Phát' }).waitFor()
    const before = await shownTime(page)
    await page.waitForTimeout(400)
    expect((await shownTime(page)) === before, 'it goes on')
  })
  await check('another page is in the present, and the past is there on return', async () => {
    await page.click('.nav a[href="./alerts"]')
    await page.waitForSelector('.page.alerts')
    await page.goBack()
    await page.getByText('Đang xem lại').waitFor()
  })
  await check('one press leads back to the present', async () => {
    await page.getByRole('button', { name: 'Về hiện tại' }).click()
    await page.waitForSelector('.past-band', { state: 'detached' })
    await page.waitForFunction(() => !new URLSearchParams(location.search).has('t'))
  })
  await check('playback: no request leaves the origin, no error', () =>
    expect(foreign.length + errors.length === 0, [...foreign, ...errors].join('\n')),
  )
  await context.close()
}

async function play(page, expect) {
  await page.evaluate(() => {
    globalThis.pictures = []
    new PerformanceObserver((list) => {
      for (const e of list.getEntriesByName('quantrac-playback')) globalThis.pictures.push(e.duration)
    }).observe({ entryTypes: ['measure'] })
  })
  await page.selectOption('.timeline select', '3600')
  const before = await shownTime(page)
  await page.getByRole('button', { name: 'Phát' }).click()
  await page.waitForTimeout(3000)
  const passed = (await shownTime(page)) - before
  const pictures = (await page.evaluate(() => globalThis.pictures)).sort((a, b) => a - b)
  const p95 = pictures[Math.floor(pictures.length * 0.95)]
  console.log(
    `      ${(passed / HOUR).toFixed(1)} h in 3 s, ${pictures.length} pictures, p95 ${p95?.toFixed(1)} ms (a frame is ${FRAME} ms)`,
  )
  expect(passed > HOUR / 2, `${passed / HOUR} h`)
  expect(pictures.length >= 5, `${pictures.length} pictures`)
}

async function shared(browser, base, { check, expect, axe, shot }) {
  const then = new Date(Math.floor((Date.now() - 3 * HOUR) / 60_000) * 60_000).toISOString().replace('.000Z', 'Z')
  const { page, context } = await openPage(browser, `${base}/?t=${then}`, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    colorScheme: 'dark',
  })
  await check('a shared link opens at its time, on a phone', async () => {
    await page.getByText('Đang xem lại').waitFor({ timeout: 20_000 })
    expect((await shownTime(page)) === Date.parse(then), `${await shownTime(page)}`)
  })
  await mapIdle(page)
  await check('phone: nothing of the timeline is wider than the screen', async () => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width <= 390, `${width} px`)
  })
  await shot(page, 'playback-phone')
  await check('axe finds nothing in the past, dark, phone', () => axe(page))
  await context.close()
}

async function look(browser, base, { check, shot, axe }) {
  const then = new Date(Date.now() - 6 * HOUR).toISOString().replace(/\.\d+Z/, 'Z')
  const { page, context } = await openPage(browser, `${base}/?t=${then}`, {
    viewport: { width: 1920, height: 1080 },
    colorScheme: 'dark',
  })
  await page.getByText('Đang xem lại').waitFor({ timeout: 20_000 })
  await mapIdle(page)
  await shot(page, 'playback-dark')
  await check('axe finds nothing in the past, dark', () => axe(page))
  await context.close()
}
