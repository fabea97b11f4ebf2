// The Alerts page and its silences, as an officer works with them and as a viewer sees them.
import { openPage } from './browser.mjs'

export async function alertStories(browser, base, test, { admin, signIn, desktop }) {
  await viewer(browser, base, test, desktop('light'))
  if (!process.env.BASE_URL) await outage(browser, base, test, desktop('light'))
  if (!admin) return
  for (const scheme of ['light', 'dark']) await looks(browser, base, test, { signIn, view: desktop(scheme), scheme })
  await officer(browser, base, test, { admin, signIn, view: desktop('light') })
}

async function viewer(browser, base, { check, expect }, view) {
  const { page, context, errors } = await openPage(browser, `${base}/alerts`, view)
  await check('the alerts are listed live, and the tab says how many are open', async () => {
    await page.waitForSelector('.alert-row', { timeout: 60_000 })
    await page.waitForFunction(() => /^\(\d+\) Cảnh báo · /.test(document.title))
  })
  await check('a viewer is told which role acts on alerts, and is offered no act', async () => {
    await page.waitForSelector('.need-role')
    await page.click('[data-row] >> nth=0')
    await page.waitForSelector('.moments li')
    expect((await page.locator('.entry-acts .main').count()) === 0, 'an act is offered')
    await page.keyboard.press('a')
    expect((await page.locator('.alert-entry [role="alert"]').count()) === 0, 'an act was tried')
  })
  await check('an alert says what it rests on, and calls one value no violation', async () => {
    const said = await page.textContent('.alert-entry')
    expect(said.includes('Quy') || said.includes('giới hạn') || said.includes('dữ liệu'), said.slice(0, 200))
    const claim = said.toLowerCase().replace(/không phải kết luận vi phạm/g, '')
    expect(!claim.includes('vi phạm'), 'it claims a violation')
  })
  await check('the keyboard walks the list, opens and closes', async () => {
    await page.keyboard.press('Escape')
    await page.waitForSelector('.idle')
    await page.focus('.page h2')
    await page.keyboard.press('j')
    const first = await page.evaluate(() => document.activeElement?.dataset.row)
    expect(first, 'no row has the focus')
    await page.keyboard.press('Enter')
    await page.waitForSelector(`[data-detail="${first}"]`)
    expect(page.url().includes(`alert=${first}`), page.url())
    await page.keyboard.press('?')
    await page.waitForSelector('.dialog .keys')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.dialog', { state: 'detached' })
  })
  await check('the link of an alert opens it', async () => {
    await page.goto(page.url())
    await page.waitForSelector('.alert-entry .moments li', { timeout: 30_000 })
  })
  await check('the filter stands in the address and chooses', async () => {
    await page.goto(`${base}/alerts?severity=warning&group=none`)
    await page.waitForSelector('.alert-row, .entries .empty', { timeout: 30_000 })
    expect((await page.locator('.alert-row:not(.warning)').count()) === 0, 'another severity is shown')
    await page.click('.filters .link')
    expect(!page.url().includes('severity'), page.url())
  })
  await check('what is over is shown when it is asked for', async () => {
    await page.goto(`${base}/alerts?state=resolved`)
    await page.waitForSelector('.alert-row, .entries .empty', { timeout: 30_000 })
    expect((await page.locator('.alert-row:not(.dim)').count()) === 0, 'an open one is shown')
  })
  await check('the link to an alert that there is not says so', async () => {
    await page.goto(`${base}/alerts?alert=no-such-alert`)
    await page.waitForSelector('.alert-entry .empty', { timeout: 30_000 })
  })
  // The browser itself notes the 404 of the last story.
  const own = errors.filter((e) => !e.includes('404'))
  await check('no error on the console of the alerts', () => expect(own.length === 0, own.join('\n')))
  await context.close()
}

// The fixture has a park that is silent as a whole.
async function outage(browser, base, { check, expect }, view) {
  const { page, context, errors } = await openPage(browser, `${base}/?alert=fixture-outage`, view)
  await check('the link of an outage, which has no station, opens it among the alerts', async () => {
    await page.waitForSelector('[data-detail="fixture-outage"] .moments li')
    expect(page.url().includes('/alerts?alert=fixture-outage'), page.url())
  })
  await check('an outage has what it explains beneath it', async () => {
    await page.waitForSelector('li:has(> .alert-row [data-row="fixture-outage"]) .beneath [data-row="fixture-silent"]')
    expect((await page.locator('.explained li').count()) === 1, 'the detail does not say which stations')
  })
  await check('the list beside the map leads from an outage to the alerts', async () => {
    await page.goto(`${base}/`)
    await page.click('.alerts [data-alert="fixture-outage"]')
    await page.waitForSelector('[data-detail="fixture-outage"]')
  })
  await check('no error on the console for an outage', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function looks(browser, base, { check, axe, shot }, { signIn, view, scheme }) {
  const { page, context } = await openPage(browser, `${base}/alerts`, view)
  await signIn(page)
  await page.waitForSelector('[data-row]', { timeout: 60_000 })
  await page.click('[data-row] >> nth=0')
  await page.waitForSelector('.moments li')
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(500)
  await shot(page, `alert-open-${scheme}`)
  await check(`axe finds nothing on an alert in full, ${scheme}`, () => axe(page))
  for (const key of ['s', 'c', 'g', 'x', '?']) {
    await page.keyboard.press(key)
    await page.waitForSelector('.dialog')
    await check(`axe finds nothing on the dialog of ${key}, ${scheme}`, () => axe(page))
    if (key === 's') await shot(page, `silence-${scheme}`)
    await page.keyboard.press('Escape')
    await page.waitForSelector('.dialog', { state: 'detached' })
  }
  await context.close()
}

async function officer(browser, base, test, { admin, signIn, view }) {
  const { check, expect } = test
  const { page, context, errors } = await openPage(browser, `${base}/alerts`, view)
  await signIn(page)
  await page.waitForSelector('.alert-row', { timeout: 60_000 })
  const station = await pick(page)
  const mark = `e2e ${Date.now().toString(36)}`
  await check('an alert is acknowledged by a key, and its timeline says by whom', async () => {
    await page.keyboard.press('a')
    await page.waitForSelector('.alert-entry .told.fine')
    await page.waitForSelector('.moments .person')
    expect((await page.locator('.entry-acts .main').count()) === 0, 'it is offered again')
  })
  await check('a comment stands in the timeline', async () => {
    await page.keyboard.press('c')
    await page.fill('.dialog textarea', `${mark} <b>x</b>`)
    await page.click('.dialog .main')
    await page.waitForFunction((t) => document.querySelector('.moments')?.textContent.includes(t), `${mark} <b>x</b>`)
  })
  await check('it is assigned', async () => {
    await page.keyboard.press('g')
    await page.fill('.dialog input[name="assignee"]', 'lan')
    await page.click('.dialog .main')
    await page.waitForSelector('.alert-row [class="who"]')
  })
  await check('a silence says in a sentence what it will do, and then holds', () =>
    silence(page, station, mark, expect),
  )
  await check('a silence is ended after a question', () => endSilence(page, base, mark, expect))
  await check('several are acknowledged at once', () => several(page, base, expect))
  await check('an act that comes too late is explained, and the new state is shown', () =>
    tooLate(page, base, admin, expect),
  )
  await check('a maintenance window is made by hand', () => maintenance(page, base, mark, expect))
  // The browser itself notes the 409 of the story before, and the 404 of a program that has no list of rules yet.
  const own = errors.filter((e) => !/ 40[49] /.test(e))
  await check('no error on the console of an officer', () => expect(own.length === 0, own.join('\n')))
  await context.close()
}

// Opens an alert of one parameter that nobody has acknowledged, and says the name of its station.
async function pick(page) {
  const row = page.locator('.alert-row:not(.dim):has(.times):not(:has(.done)) [data-row]').first()
  await row.click()
  await page.waitForSelector('.alert-entry .entry-acts .main')
  return page.textContent('.alert-head a')
}

async function silence(page, station, mark, expect) {
  await page.keyboard.press('s')
  const sentence = await page.textContent('.mute-preview b')
  expect(sentence.startsWith('Không gửi thông báo về ') && sentence.includes(station), sentence)
  await page.click('.dialog .main')
  await page.waitForSelector('.dialog [role="alert"]')
  await page.fill('.dialog textarea', mark)
  await page.click('.dialog .main')
  await page.waitForSelector('.dialog', { state: 'detached' })
}

async function endSilence(page, base, mark, expect) {
  await page.goto(`${base}/silences?kind=silence`)
  const line = page.locator('.mute.active', { hasText: mark })
  await line.locator('.quiet').click()
  await page.click('.dialog .main')
  await page.waitForSelector('.dialog', { state: 'detached' })
  await page.locator('.mute.expired', { hasText: mark }).waitFor()
  expect((await line.count()) === 0, 'it is still in force')
}

async function several(page, base, expect) {
  await page.goto(`${base}/alerts?group=none`)
  await page.waitForSelector('.alert-row')
  const boxes = page.locator('.alert-row .tick input')
  const n = Math.min(3, await boxes.count())
  for (let i = 0; i < n; i++) await boxes.nth(i).check()
  await page.click('.bulk button >> nth=0')
  await page.waitForFunction(() => document.querySelector('.bulk > [role="status"]')?.textContent.startsWith('Xong'))
  expect((await page.locator('.bulk .bad').count()) === 0, await page.textContent('.bulk'))
}

// Somebody else closes the alert while the act is on its way.
async function tooLate(page, base, admin, expect) {
  await page.goto(`${base}/alerts`)
  await page.waitForSelector('.alert-row')
  await page.click('.alert-row:has(.times) [data-row] >> nth=-1')
  await page.waitForSelector('.moments li')
  const id = await page.getAttribute('.alert-entry', 'data-detail')
  await page.route('**/assign', async (route) => {
    const closed = await fetch(`${base}/api/v1/alerts/${id}/close`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ cause: 'e2e' }),
    })
    expect(closed.ok, `closing answered ${closed.status}`)
    await route.continue()
  })
  await page.keyboard.press('g')
  await page.fill('.dialog input[name="assignee"]', 'lan')
  await page.click('.dialog .main')
  await page.waitForSelector('.alert-entry [role="alert"]')
  expect((await page.textContent('.alert-entry [role="alert"]')).includes('đã kết thúc'), 'it is not explained')
  await page.waitForFunction(() => document.querySelector('.alert-head')?.textContent.includes('đã kết thúc'))
  await page.unroute('**/assign')
}

async function maintenance(page, base, mark, expect) {
  await page.goto(`${base}/silences`)
  await page.click('.page-acts button >> nth=0')
  await page.fill('.dialog textarea', `${mark} bảo trì`)
  await page.click('.dialog [type="submit"]')
  expect((await page.textContent('.dialog [role="alert"]')).length > 10, 'a silence of everything is taken')
  await page.locator('.matcher select').first().selectOption({ index: 1 })
  await page.check('.mute-times .check input')
  await page.click('.dialog [type="submit"]')
  await page.waitForSelector('.dialog', { state: 'detached' })
  const line = page.locator('.mute.pending', { hasText: mark })
  await line.locator('.quiet').click()
  await page.click('.dialog .main')
  await page.waitForSelector('.dialog', { state: 'detached' })
  await line.waitFor({ state: 'detached' })
}
