// The screen on the wall: nobody touches it, and all of it has to be right by itself.
import { openPage } from './browser.mjs'
import { serve } from './fixture.mjs'

const WALL = { viewport: { width: 1920, height: 1080 }, colorScheme: 'light' }

export async function wallStories(browser, test) {
  const fixture = await serve({ port: 0, cycle: 2000 })
  await story(browser, fixture, test)
  await sizes(browser, fixture, test)
  fixture.close()
}

const shown = (page) => page.getAttribute('[data-focus]', 'data-focus')

async function story(browser, fixture, { check, expect, axe, shot }) {
  const { page, context, foreign } = await openPage(browser, `${fixture.url}/wall`, WALL)
  await check('the wall: dark by itself, the worst in focus, every state counted, nothing cut off', async () => {
    await page.waitForSelector('[data-focus]')
    await page.waitForSelector('.wall .map[data-map="idle"]', { timeout: 60_000 })
    expect((await page.getAttribute('html', 'data-theme')) === 'dark', 'not dark')
    expect((await page.locator('.wall-states li').count()) === 8, 'states are missing')
    const [w, h] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ])
    expect(w <= 1920 && h <= 1080, `${w} by ${h}`)
  })
  await check('the wall: no text smaller than can be read from five metres', async () => {
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('.wall *')]
        .filter((e) => !e.closest('.map, .quiet') && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
        .filter((e) => Number.parseFloat(getComputedStyle(e).fontSize) < 28)
        .map((e) => `${e.textContent} ${getComputedStyle(e).fontSize}`),
    )
    expect(small.length === 0, small.join(' | '))
  })
  await check('the wall: axe finds nothing', () => axe(page))
  await shot(page, 'wall-dark')
  await check('the wall: the focus goes round by itself', async () => {
    const first = await shown(page)
    await page.waitForFunction((id) => document.querySelector('[data-focus]')?.dataset.focus !== id, first, {
      timeout: 25_000,
    })
  })
  await check('the wall: what opens new is in focus at once, and on top of the list', async () => {
    fixture.raise('dinh-quan-01')
    await page.waitForSelector('[data-focus="dinh-quan-01"]', { timeout: 4000 })
    const top = await page.getAttribute('.wall-alerts [data-alert] >> nth=0', 'data-alert')
    expect(top.startsWith('raised-dinh-quan'), top)
  })
  await check('the wall: a lost connection cannot be overlooked, and its end is seen', async () => {
    await context.setOffline(true)
    fixture.drop()
    await page.getByRole('alert').getByText('MẤT KẾT NỐI').waitFor()
    await shot(page, 'wall-lost')
    await context.setOffline(false)
    await page.getByRole('alert').waitFor({ state: 'detached', timeout: 40_000 })
  })
  await check('the wall: Escape leads back, and the theme is that of the reader again', async () => {
    await page.keyboard.press('Escape')
    await page.waitForSelector('.legend')
    expect((await page.getAttribute('html', 'data-theme')) === 'light', 'still dark')
  })
  await check('the wall: no request leaves the origin', () => expect(foreign.length === 0, foreign.join(' ')))
  await context.close()
}

async function sizes(browser, fixture, { check, axe, shot }) {
  for (const [width, height, query] of [
    [1280, 720, '?lang=en&theme=light'],
    [390, 844, ''],
  ]) {
    const { page, context } = await openPage(browser, `${fixture.url}/wall${query}`, { viewport: { width, height } })
    await page.waitForSelector('.wall .map[data-map="idle"]', { timeout: 60_000 })
    await check(`the wall at ${width}: axe finds nothing`, () => axe(page))
    await shot(page, `wall-${width}`)
    await context.close()
  }
}
