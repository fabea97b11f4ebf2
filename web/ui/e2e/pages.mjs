// The pages beside the map: what a viewer sees of each, and what an administrator can do there.

import { accountStories } from './accounts.mjs'
import { alertStories } from './alerts.mjs'
import { openPage } from './browser.mjs'
import { monthStories } from './month.mjs'
import { noticeStories } from './notices.mjs'
import { qualityStories } from './quality.mjs'
import { ruleStories } from './rules.mjs'
import { stationStories } from './station.mjs'

const NAMES = ['alerts', 'silences', 'decode', 'quarantine', 'ledger', 'gateways', 'rules', 'notices', 'users', 'audit']
// With BASE_URL the program's own token for administrators, if there is one; the fixture takes "admin".
const admin = process.env.BASE_URL ? process.env.QUANTRAC_BOOTSTRAP_TOKEN : 'admin'

export async function pages(browser, base, test) {
  await walk(browser, base, test)
  await viewer(browser, base, test)
  for (const scheme of ['light', 'dark']) await each(browser, base, test, scheme)
  await phone(browser, base, test)
  await alertStories(browser, base, test, { admin, signIn, desktop })
  await stationStories(browser, base, test, { admin, signIn, desktop })
  if (admin) await monthStories(browser, base, test, { signIn, desktop })
  await ruleStories(browser, base, test, { admin, signIn, desktop })
  await noticeStories(browser, base, test, { admin, signIn, desktop })
  await qualityStories(browser, base, test, { desktop })
  if (admin) await administrator(browser, base, test)
  if (admin) await accountStories(browser, base, test, { admin, signIn, desktop })
}

async function walk(browser, base, { check, expect }) {
  const { page, context, errors } = await openPage(browser, `${base}/ledger?range=7d`, desktop('light'))
  await check('a deep link opens its page without loading the map', async () => {
    await page.waitForSelector('.page.ledger h2')
    const scripts = await page.evaluate(() => performance.getEntriesByType('resource').map((r) => r.name))
    expect(!scripts.some((s) => s.includes('maplibre')), 'the map was loaded')
    expect((await page.title()).includes('Sổ cân đối · '), await page.title())
  })
  await check('the span stands in the address and is pressed', async () => {
    const text = await page.textContent('.segments [aria-pressed="true"]')
    expect(text === '7 ngày', text)
  })
  await check('links lead on, back and forward lead back and forward', async () => {
    await page.click('.nav-more > button')
    await page.click('.nav a[href="./decode"]')
    await page.waitForSelector('.page.decode')
    await page.goBack()
    await page.waitForSelector('.page.ledger')
    expect(page.url().endsWith('/ledger?range=7d'), page.url())
    await page.goForward()
    await page.waitForSelector('.page.decode')
  })
  await check('a page that is come to has the focus on its heading', async () => {
    await page.waitForFunction(() => document.activeElement?.matches('.page.decode h2'))
  })
  await check('the keyboard alone reaches another page', async () => {
    await page.focus('.nav a[href="./quarantine"]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.page.quarantine')
    await page.waitForFunction(() => document.activeElement?.matches('.page.quarantine h2'))
  })
  await check('a page that comes late leaves the focus to who has gone on', async () => {
    let release = () => undefined
    const held = new Promise((done) => {
      release = done
    })
    await page.route('**/assets/page-*.js', async (route) => {
      await held
      await route.continue()
    })
    await page.click('.nav-more > button')
    await page.click('.nav a[href="./gateways"]')
    await page.fill('.search input', 'amata')
    release()
    await page.waitForSelector('.page.gateways h2')
    expect(await page.evaluate(() => document.activeElement?.matches('.search input')), 'the focus was taken away')
    await page.unroute('**/assets/page-*.js')
  })
  await check('the search leads from a page to a station on the map, and the address names it', async () => {
    await page.fill('.search input', 'nuoc thai amata')
    await page.press('.search input', 'Enter')
    await page.waitForSelector('[data-panel^="amata"]', { timeout: 30_000 })
    expect(page.url().includes('?station=amata'), page.url())
  })
  await check('a link to a station opens it', async () => {
    await page.goto(page.url())
    await page.waitForSelector('[data-panel^="amata"]', { timeout: 30_000 })
  })
  await check('the link of an alert opens its station with its timeline', async () => {
    const alert = await page.evaluate(async () => (await (await fetch('api/v1/alerts?state=open')).json()).items[0])
    await page.goto(`${base}/?station=${alert.station.id}&alert=${alert.id}`)
    await page.waitForSelector(`[data-detail="${alert.id}"] .timeline li`, { timeout: 30_000 })
    expect(page.url().includes(`alert=${alert.id}`), page.url())
  })
  await check('back closes what was opened', async () => {
    await page.goto(`${base}/`)
    await page.click('#tab-stations')
    await page.locator('[data-station]').first().click()
    await page.waitForSelector('[data-panel]')
    await page.goBack()
    await page.waitForSelector('[data-panel]', { state: 'detached' })
  })
  await check('no error on the console of the pages', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function viewer(browser, base, { check, expect }) {
  const { page, context, errors } = await openPage(browser, `${base}/decode`, desktop('light'))
  await check('every example is recognised and read', () => examples(page, expect))
  await check('what is typed is decoded without a press', async () => {
    await page.fill('.payload textarea', 'neither this nor that')
    await page.waitForSelector('.recognised.not')
    await page.waitForSelector('.rejects')
  })
  await check('a text file is taken, bytes and name', async () => {
    const buffer = Buffer.from('\ufeffCOD\t31.6\tmg/L\t20261124130500\t00\r\n')
    await page.setInputFiles('input[type="file"]', {
      name: 'DN_X_amata-01_20261124130500.txt',
      mimeType: 'text/plain',
      buffer,
    })
    await page.waitForSelector('[data-dialect="circular10"]')
    const told = await page.textContent('.payload-head small')
    expect(told.includes(`${buffer.length} byte`), told)
  })
  await check('a binary file is shown as hex', async () => {
    const buffer = Buffer.from([0, 1, 255, 254, 65, 66])
    await page.setInputFiles('input[type="file"]', { name: 'x.bin', mimeType: 'application/octet-stream', buffer })
    await page.waitForSelector('.binary .raw-block')
    expect((await page.textContent('.binary .raw-block')).includes('00 01 ff fe 41 42'), 'no dump')
  })
  await check('a viewer is told which role is needed, and is offered no act', async () => {
    await page.goto(`${base}/gateways`)
    await page.waitForSelector('.need-role')
    expect((await page.locator('.page-acts button').count()) === 0, 'an act is offered')
  })
  await check('no error on the console of a viewer', () => expect(errors.length === 0, errors.join('\n')))
  await check('a wrong token changes nothing and is said to be wrong', async () => {
    await page.click('.need-role .link')
    await page.click('.dialog .use-token')
    await page.fill('.dialog input[name="token"]', 'no-such-token-anywhere')
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.dialog [role="alert"]')
    expect((await page.evaluate(() => sessionStorage.length)) === 0, 'it was kept')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.dialog', { state: 'detached' })
  })
  await check('the books balance', async () => {
    await page.goto(`${base}/ledger?range=24h`)
    await page.waitForSelector('[data-balanced="true"]', { timeout: 20_000 })
    const rows = await page.locator('.ledger-lines tbody tr').count()
    expect(rows > 0 && (await page.locator('.ledger-lines .balanced').count()) === rows, `${rows} lines`)
  })
  await check('the table is saved as a file', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.page-acts button >> nth=2')])
    expect(/^quantrac-ledger-\d{14}-\d{14}\.csv$/.test(download.suggestedFilename()), download.suggestedFilename())
  })
  await context.close()
}

async function examples(page, expect) {
  await page.waitForSelector('.examples button')
  for (const [i, dialect] of ['native', 'circular10', 'hj212'].entries()) {
    await page.click(`.examples button >> nth=${i}`)
    await page.waitForSelector(`[data-dialect="${dialect}"]`)
    const rows = await page.locator('.readings tbody tr:not(.group)').count()
    expect(rows >= 2, `${dialect}: ${rows} readings`)
  }
}

async function each(browser, base, { check, axe, shot }, scheme) {
  const { page, context } = await openPage(browser, `${base}/decode`, desktop(scheme))
  if (admin) await signIn(page)
  for (const name of NAMES) {
    await page.goto(`${base}/${name}`)
    await page.waitForSelector(`.page.${name} h2`)
    if (name === 'decode') await page.click('.examples button >> nth=0')
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(500)
    await shot(page, `${name}-${scheme}`)
    await check(`axe finds nothing on ${name}, ${scheme}`, () => axe(page))
  }
  await context.close()
}

async function phone(browser, base, { check, expect, axe, shot }) {
  const view = {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    colorScheme: 'light',
  }
  const { page, context } = await openPage(browser, `${base}/decode`, view)
  if (admin) await signIn(page)
  for (const name of NAMES) {
    await page.goto(`${base}/${name}`)
    await page.waitForSelector(`.page.${name} h2`)
    if (name === 'decode') await page.click('.examples button >> nth=1')
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(500)
    await shot(page, `phone-${name}`)
    await check(`phone: ${name} fits the screen, and axe finds nothing`, async () => {
      const wide = await page.evaluate(() =>
        [document.documentElement, document.querySelector('.page')].map((e) => e.scrollWidth),
      )
      expect(Math.max(...wide) <= 390, `${wide} px`)
      await axe(page)
    })
  }
  await context.close()
}

async function administrator(browser, base, { check, expect, axe }) {
  const { page, context, errors } = await openPage(browser, `${base}/gateways`, desktop('light'))
  const id = `gw-e2e-${Date.now().toString(36)}`
  await check('a token gives its role, and is kept in the tab only', async () => {
    await signIn(page)
    await page.waitForSelector('.page-acts .main')
    const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie, location.href].join())
    expect(!kept.includes(admin), kept)
  })
  // A program of before the gateways' API answers 404; then there is nothing to try.
  await page.waitForSelector('.gateway-list tbody tr, .gateway-list .empty, .gateway-list .note-box')
  if ((await page.locator('.gateway-list .note-box').count()) === 0) {
    await check('a gateway is made, and its password is shown once', () => makeGateway(page, id, expect, axe))
    await check('it is revoked after a question that names it', () => revokeGateway(page, id, expect))
    await check('a proposed name is accepted, and what waited for it is tried again', () =>
      acceptName(page, base, expect),
    )
    await check('no error on the console of an administrator', () => expect(errors.length === 0, errors.join('\n')))
  }
  await context.close()
}

async function makeGateway(page, id, expect, axe) {
  await page.click('.page-acts .main')
  await page.fill('.dialog input[name="id"]', id)
  await page.click('.dialog [type="submit"]')
  await page.waitForSelector('.dialog [role="alert"]')
  await page.locator('.chooser input[type="checkbox"]').first().check()
  await axe(page)
  await page.click('.dialog [type="submit"]')
  const password = await page.textContent('[data-secret]')
  expect(password.length >= 12, 'no password')
  await axe(page)
  await page.keyboard.press('Escape')
  expect(await page.isVisible('[data-secret]'), 'a slip closed it')
  await page.click('.dialog .main')
  await page.waitForSelector(`[data-gateway="${id}"]`)
  expect(!(await page.content()).includes(password), 'the password is still there')
}

async function revokeGateway(page, id, expect) {
  await page.click(`[data-gateway="${id}"] .grave`)
  expect((await page.textContent('.dialog h2')).includes(id), 'the question does not name it')
  await page.click('.dialog .grave')
  await page.waitForSelector(`[data-gateway="${id}"]`, { state: 'detached' })
}

async function acceptName(page, base, expect) {
  await page.goto(`${base}/decode`)
  await page.click('.examples button >> nth=3')
  await page.waitForSelector('.unknown form')
  const before = await page.locator('.unknown form').count()
  const form = page.locator('.unknown form').first()
  if ((await form.locator('input[type="radio"]').count()) === 0) await form.locator('select').selectOption('cod')
  await form.locator('[type="submit"]').click()
  await page.waitForSelector('.accepted li')
  await page.waitForFunction((n) => document.querySelectorAll('.unknown form').length < n, before)
  const retry = page.locator('.accepted .main')
  await page.waitForLoadState('networkidle')
  if ((await retry.count()) === 0) return
  await retry.click()
  await page.waitForSelector('.accepted .progress .told.fine')
  expect((await page.textContent('.accepted .progress')).length > 10, 'no account of it')
}

async function signIn(page) {
  await page.click('.role')
  await page.click('.dialog .use-token')
  await page.fill('.dialog input[name="token"]', admin)
  await page.click('.dialog [type="submit"]')
  await page.waitForSelector('.dialog', { state: 'detached' })
}

function desktop(colorScheme) {
  return { viewport: { width: 1440, height: 900 }, colorScheme }
}
