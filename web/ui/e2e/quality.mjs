// The page of the six figures: how they stand, who misses them, when data was missing, what to do, on screen, phone and paper.
import { openPage } from './browser.mjs'

const FIGURES = ['correct', 'complete', 'clean', 'alive', 'uniform', 'shared']

export async function qualityStories(browser, base, test, { desktop }) {
  for (const scheme of ['light', 'dark']) await looks(browser, base, test, { scheme, desktop })
  await work(browser, base, test, desktop)
  await english(browser, base, test)
  await phone(browser, base, test)
}

const rows = (page) => page.locator('[data-station-line]').count()
const ready = (page) => page.waitForSelector('.tiles [data-figure="shared"]', { timeout: 30_000 })

async function looks(browser, base, { check, axe, shot }, { scheme, desktop }) {
  const { page, context } = await openPage(browser, `${base}/quality`, desktop(scheme))
  await ready(page)
  await page.waitForSelector('.data-gaps table, .data-gaps .told')
  await shot(page, `quality-${scheme}`)
  await check(`axe finds nothing on quality, ${scheme}`, () => axe(page))
  await page.locator('[data-station-line] th button').first().click()
  await page.waitForSelector('.strip table')
  await page.waitForTimeout(300)
  await shot(page, `quality-station-${scheme}`)
  await page.click('.by-park summary')
  await check(`axe finds nothing on quality with a station and the parks, ${scheme}`, () => axe(page))
  await page.setViewportSize({ width: 1920, height: 1080 })
  await page.goto(`${base}/quality?range=30d`)
  await ready(page)
  await page.locator('[data-station-line] th button').first().click()
  await page.waitForSelector('.strip table')
  await page.waitForTimeout(300)
  await shot(page, `quality-wide-${scheme}`)
  await context.close()
}

async function work(browser, base, { check, expect }, desktop) {
  const { page, context, errors } = await openPage(browser, `${base}/quality`, desktop('light'))
  await check('six figures in total, each with its value, its target and how it stands', async () => {
    await ready(page)
    const names = await page.$$eval('[data-figure]', (all) => all.map((e) => e.dataset.figure))
    expect(names.join() === FIGURES.join(), names.join())
    const bad = await page.$$eval(
      '[data-figure]',
      (all) => all.filter((e) => !e.querySelector('.aim') || !e.querySelector('.stand')).length,
    )
    expect(bad === 0, `${bad} without target or standing`)
    expect((await page.locator('[data-figure="complete"] .bar .at.floor').count()) === 1, 'no mark of 80 %')
  })
  await check('every station has a line, the worst first, each figure with its word', async () => {
    expect((await rows(page)) > 20, `${await rows(page)} lines`)
    const cells = await page.locator('[data-station-line]').first().locator('td.num').count()
    expect(cells === 6, `${cells} figures`)
  })
  await check('a head sorts by keyboard, and says so', async () => {
    await page.locator('.six-lines thead button').nth(2).focus()
    await page.keyboard.press('Enter')
    expect((await page.locator('.six-lines th[aria-sort="ascending"]').count()) === 1, 'not said')
    await page.keyboard.press('Enter')
    expect((await page.locator('.six-lines th[aria-sort="descending"]').count()) === 1, 'not turned')
  })
  await check('the filter narrows without marks, and stands in the address', async () => {
    const all = await rows(page)
    await page.fill('.filters input[type="search"]', 'bien hoa')
    await page.waitForFunction((n) => document.querySelectorAll('[data-station-line]').length < n, all)
    expect(page.url().includes('q=bien'), page.url())
    await page.fill('.filters input[type="search"]', '')
  })
  await check('something to do shows its stations and no others', async () => {
    const all = await rows(page)
    const item = page.locator('[data-todo] .where button').first()
    const n = Number(/\d+/.exec(await item.textContent())?.[0])
    await item.click()
    await page.waitForFunction((n) => document.querySelectorAll('[data-station-line]').length === n, n)
    await item.click()
    await page.waitForFunction((n) => document.querySelectorAll('[data-station-line]').length === n, all)
  })
  await check('a station opens with what to do, its hours and its gaps, and has the focus', () =>
    openStation(page, expect),
  )
  await check('another span is another address, beyond a month it goes by the day', async () => {
    await page.click('.filters .segments button >> nth=4')
    await page.waitForFunction(() => document.querySelectorAll('.strip thead th').length === 32)
    expect(page.url().includes('range=before'), page.url())
  })
  await check('times of its own that are no span are refused', async () => {
    await page.goto(`${base}/quality?range=own&from=2024-01-01T00:00&to=2026-01-01T00:00`)
    await page.waitForSelector('.page.quality > [role="alert"]')
  })
  await check('the figures are saved as a file', async () => {
    await page.goto(`${base}/quality?range=7d`)
    await ready(page)
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('.page-acts button >> nth=2')])
    expect(/^quantrac-quality-\d{14}-\d{14}\.csv$/.test(file.suggestedFilename()), file.suggestedFilename())
  })
  await check('on paper there are the figures and no controls', async () => {
    await page.emulateMedia({ media: 'print' })
    expect(!(await page.isVisible('.filters')) && !(await page.isVisible('.nav')), 'controls are printed')
    expect(await page.isVisible('.tiles'), 'no figures')
    await page.emulateMedia({ media: 'screen' })
  })
  await check('no error on the console of the quality page', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function openStation(page, expect) {
  const id = await page.getAttribute('[data-station-line] >> nth=0', 'data-station-line')
  await page.locator('[data-station-line] th button').first().click()
  await page.waitForFunction(() => document.activeElement?.matches('.one-station h3'))
  await page.waitForSelector('.strip tbody td[title]')
  expect(page.url().includes(`station=${id}`), page.url())
  expect((await page.locator('.one-station .ways a').count()) === 4, 'links are missing')
  await page.waitForSelector('.data-gaps table, .data-gaps .told')
}

async function english(browser, base, { check, expect, shot }) {
  const { page, context } = await openPage(browser, `${base}/quality`, {
    viewport: { width: 1280, height: 860 },
    colorScheme: 'light',
  })
  await check('the quality page speaks English', async () => {
    await ready(page)
    await page.click('.switches button >> nth=0')
    await page.waitForFunction(() => document.querySelector('.page.quality h2')?.textContent === 'Data quality')
    const text = await page.textContent('.page.quality')
    expect(
      !/[ăđơưạảấầậếềệịọốồộớờợụứừựỳ]/i.test(text.replace(/KCN|Trạm[^A-Z]*/g, '')) || text.includes('Correct'),
      'not English',
    )
  })
  await shot(page, 'quality-english')
  await context.close()
}

async function phone(browser, base, { check, expect, axe, shot }) {
  const view = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
  for (const colorScheme of ['light', 'dark']) {
    const { page, context } = await openPage(browser, `${base}/quality`, { ...view, colorScheme })
    await ready(page)
    await shot(page, `phone-quality-${colorScheme}`)
    await page.locator('[data-station-line] th button').first().click()
    await page.waitForSelector('.strip table')
    await page.waitForTimeout(300)
    await shot(page, `phone-quality-station-${colorScheme}`)
    await check(`phone: quality fits the screen, and axe finds nothing, ${colorScheme}`, async () => {
      const wide = await page.evaluate(() =>
        [document.documentElement, document.querySelector('.page')].map((e) => e.scrollWidth),
      )
      expect(Math.max(...wide) <= 390, `${wide} px`)
      await axe(page)
    })
    await context.close()
  }
}
