// The page of one station: its chart by pointer, keys and as a table, what can be taken along, its papers, its books, on paper.
import { readFile } from 'node:fs/promises'
import { openPage } from './browser.mjs'

// What a chart may ask for, and what it may draw.
const MOST_POINTS = 1000

export async function stationStories(browser, base, test, { admin, signIn, desktop }) {
  const ids = await stationIds(browser, base)
  await wayIn(browser, base, test, ids)
  for (const scheme of ['light', 'dark']) await looks(browser, base, test, { scheme, ids, desktop, admin, signIn })
  await pointerAndKeys(browser, base, test, { ids, desktop })
  await takenAlong(browser, base, test, { ids, desktop })
  await papers(browser, base, test, { ids, desktop, admin, signIn })
  await onPaper(browser, base, test, { ids, desktop })
  await phone(browser, base, test, ids)
}

// The station that has the worst to show, and another one.
async function stationIds(browser, base) {
  const { page, context } = await openPage(browser, `${base}/ledger`, {})
  const ids = await page.evaluate(async () => {
    const { items } = await (await fetch('api/v1/stations?limit=1000')).json()
    const known = items.filter((s) => Object.keys(s.latest).length > 3 && s.parameters.includes('cod'))
    known.sort((a, b) => (b.index ?? 0) - (a.index ?? 0))
    return known.map((s) => s.id)
  })
  await context.close()
  return ids
}

const chart = (page) =>
  page.waitForSelector('.chart-body[aria-busy="false"] .station-chart canvas', { timeout: 20_000 })
const pointsOf = async (page) => Number(await page.getAttribute('.chart-body', 'data-points'))

async function wayIn(browser, base, { check, expect }, [id]) {
  const { page, context, errors } = await openPage(browser, `${base}/?station=${id}`, {
    viewport: { width: 1280, height: 800 },
  })
  await check('the panel has a day of each parameter in little, and leads to the page of the station', async () => {
    await page.waitForSelector('[data-panel] .spark path', { timeout: 30_000 })
    await page.click('.panel-link')
    await page.waitForSelector('.page.station h2')
    await chart(page)
    expect(page.url().includes(`/station?id=${id}`), page.url())
  })
  await check('every parameter is there with value, limit, ratio, age and its day in little', async () => {
    const rows = await page.locator('.station-now .parameters tbody tr').count()
    const known = await page.evaluate(
      async (of) => (await (await fetch(`api/v1/stations/${of}`)).json()).parameters.length,
      id,
    )
    expect(rows === known, `${rows} of ${known}`)
    expect((await page.locator('.station-now .parameters .ratio').count()) > 0, 'no ratio')
    expect((await page.locator('.station-now .parameters time').count()) > 0, 'no age')
  })
  await check('a link to a station that there is not says so', async () => {
    await page.goto(`${base}/station?id=no-such-station`)
    await page.waitForSelector('.page.station .empty')
  })
  await check('no error on the console of the way in', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function looks(browser, base, { check, axe, shot }, { scheme, ids: [id], desktop, admin, signIn }) {
  const { page, context } = await openPage(browser, `${base}/decode`, desktop(scheme))
  if (admin) await signIn(page)
  for (const [name, query] of [
    ['day', 'p=cod&mean=1h'],
    ['week', 'p=cod&span=7d&mean=24h&with=p.tss,p.ph'],
    ['table', 'p=cod&view=table'],
  ]) {
    await page.goto(`${base}/station?id=${id}&${query}`)
    await page.waitForSelector('.station-chart canvas, .value-table tbody tr', { timeout: 20_000 })
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(400)
    await shot(page, `station-${name}-${scheme}`)
    await check(`axe finds nothing on a station's ${name}, ${scheme}`, () => axe(page))
  }
  await context.close()
}

async function pointerAndKeys(browser, base, { check, expect }, { ids: [id, other], desktop }) {
  const { page, context, errors } = await openPage(browser, `${base}/station?id=${id}&p=cod`, desktop('light'))
  const asked = []
  page.on('response', async (r) => {
    if (r.url().includes('/readings') && r.ok()) asked.push((await r.json().catch(() => ({ items: [] }))).items.length)
  })
  await check('each span is drawn with no more points than it is wide, from answers as small', async () => {
    await chart(page)
    for (const name of ['1 giờ', '6 giờ', '7 ngày', '30 ngày', '90 ngày', '1 năm', '24 giờ']) {
      await page.click(`.chart-tools button:text-is("${name}")`)
      await page.waitForLoadState('networkidle')
      const n = await pointsOf(page)
      expect(n > 0 && n <= MOST_POINTS, `${name}: ${n} points`)
    }
    const windows = asked.filter((n) => n > 5000)
    expect(windows.length === 0, `answers of ${windows} rows`)
  })
  await check('a span is drawn out with the pointer, and back shows the one before', async () => {
    await chart(page)
    const box = await page.locator('.station-chart .u-over').boundingBox()
    const y = box.y + box.height / 2
    await page.mouse.move(box.x + box.width * 0.6, y)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.9, y, { steps: 6 })
    await page.mouse.up()
    await page.waitForURL(/from=.*&to=/)
    await page.waitForLoadState('networkidle')
    const q = new URL(page.url()).searchParams
    const hours = (Date.parse(q.get('to')) - Date.parse(q.get('from'))) / 3_600_000
    expect(Math.abs(hours - 7.2) < 0.6, `${hours} h`)
    await page.goBack()
    expect(!page.url().includes('from='), page.url())
  })
  await check('the keys go from point to point, say each, and zoom in on what they select', async () => {
    await page.waitForLoadState('networkidle')
    await chart(page)
    await page.focus('.station-chart .plot')
    await page.keyboard.press('End')
    const said = await page.textContent('.station-chart .heard[role="status"]')
    expect(/\d/.test(said), `said ${said}`)
    for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowLeft')
    const next = await page.textContent('.station-chart .heard[role="status"]')
    expect(next !== said, 'the same is said')
    await page.keyboard.press('Enter')
    await page.waitForURL(/from=.*&to=/)
    await chart(page)
    await page.goBack()
  })
  await check('another parameter and another station lie beside the line, each named', async () => {
    await chart(page)
    await page.selectOption('.compare select', 'p.tss')
    await page.selectOption('.compare select', `s.${other}`)
    await page.waitForFunction(() => document.querySelectorAll('.chart-legend svg path[d="M0 5h26"]').length === 3)
    await page.click('.compare .chip >> nth=0')
    await page.waitForFunction(() => document.querySelectorAll('.compare .chip').length === 1)
  })
  await check('the table has the points of the chart, and the limit beside each', async () => {
    const n = await pointsOf(page)
    await page.click('.chart-tools button:text-is("Bảng")')
    await page.waitForSelector('.value-table tbody tr')
    const rows = await page.locator('.value-table tbody tr').count()
    expect(Math.abs(rows - n) <= 1, `${rows} rows, ${n} points`)
    const text = await page.textContent('.value-table tbody tr >> nth=0')
    expect(text.includes('≤'), text)
  })
  await check('a limit is named with its law, its time, and whether somebody has compared it', async () => {
    const text = await page.textContent('.law li >> nth=0')
    expect(text.includes('QCVN') && /đối chiếu/.test(text) && /\d{4}/.test(text), text)
  })
  await check('no error on the console of a chart', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function takenAlong(browser, base, { check, expect }, { ids: [id], desktop }) {
  const { page, context } = await openPage(browser, `${base}/station?id=${id}&p=cod`, desktop('light'))
  await chart(page)
  await check('the points are saved as a table, each with the limit that held then', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.exports button >> nth=0')])
    const name = download.suggestedFilename()
    expect(new RegExp(`^quantrac-${id}-cod-\\d{12}-\\d{12}\\.csv$`).test(name), name)
    const [head, first] = (await readFile(await download.path(), 'utf8')).split('\r\n')
    expect(
      head.endsWith(
        'station,parameter,unit,time,value,min,max,count,limit_min,limit_max,limit_reference,limit_verified,ratio,status',
      ),
      head,
    )
    expect(/^[a-z0-9-]+,cod,mg\/L,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00,[\d.]+,/.test(first), first)
  })
  await check('the chart is saved as a picture', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.exports button >> nth=1')])
    expect(download.suggestedFilename().endsWith('.png'), download.suggestedFilename())
    const bytes = await readFile(await download.path())
    expect(bytes.subarray(1, 4).toString() === 'PNG' && bytes.length > 10_000, `${bytes.length} bytes`)
  })
  await context.close()
}

async function papers(browser, base, { check, expect, axe }, { ids: [id], desktop, admin, signIn }) {
  const { page, context } = await openPage(browser, `${base}/station?id=${id}&p=cod`, desktop('light'))
  await check('the passport names the station; how to reach its devices is for officers', async () => {
    await page.waitForSelector('.passport .facts-list')
    const text = await page.textContent('.passport')
    expect(text.includes(id) && text.includes('chỉ cán bộ xem được'), text)
  })
  await check('the books of the station balance', async () => {
    await page.waitForSelector('.own-books tbody tr', { timeout: 20_000 })
    const lines = await page.locator('.own-books tbody tr').count()
    expect((await page.locator('.own-books .balanced').count()) === lines, 'a line does not balance')
  })
  await check('stored values come page by page, with flags', async () => {
    await page.click('.rows summary')
    await page.waitForSelector('.rows tbody tr')
    const before = await page.locator('.rows tbody tr').count()
    await page.click('.rows .more')
    await page.waitForFunction((n) => document.querySelectorAll('.rows tbody tr').length > n, before)
    await axe(page)
  })
  if (admin)
    await check('an officer sees the camera and the gateways of the station', async () => {
      await signIn(page)
      await page.goto(`${base}/station?id=${id}`)
      await page.waitForSelector('.passport .facts-list')
      await page.waitForFunction(() => !document.querySelector('.passport').textContent.includes('chỉ cán bộ'))
    })
  await context.close()
}

async function onPaper(browser, base, { check, expect, shot }, { ids: [id], desktop }) {
  const { page, context } = await openPage(browser, `${base}/station?id=${id}&p=cod`, desktop('dark'))
  await check('on paper a station has its head, its law and no buttons', async () => {
    await chart(page)
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    await page.emulateMedia({ media: 'print' })
    expect(await page.isVisible('.print-head'), 'no head')
    expect(!(await page.isVisible('.chart-tools')), 'the tools are printed')
    expect((await page.getAttribute('html', 'data-theme')) === 'light', 'dark paper')
    const head = await page.textContent('.print-head')
    expect(/In lúc .*\d{4}/.test(head), head)
    await page.waitForTimeout(300)
    await shot(page, 'station-print')
    await page.emulateMedia({ media: 'screen' })
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    expect((await page.getAttribute('html', 'data-theme')) === 'dark', 'the theme did not come back')
  })
  await check('on paper an alert has who, when, the law, the values, its timeline and room for names', async () => {
    const alert = await page.evaluate(async () => {
      const { items } = await (await fetch('api/v1/alerts?state=open')).json()
      return items.find((a) => a.parameter && a.limit_reference)
    })
    await page.goto(`${base}/alerts?alert=${alert.id}`)
    await page.waitForSelector('.alert-entry canvas', { timeout: 20_000 })
    await page.waitForSelector('.alert-entry .moments li')
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    await page.emulateMedia({ media: 'print' })
    for (const part of ['.print-head', '.print-values tbody tr', '.moments li', '.print-sign'])
      expect(await page.locator(part).first().isVisible(), `${part} is not printed`)
    expect((await page.textContent('.facts-grid')).includes(alert.limit_reference), 'the law is not named')
    for (const part of ['.entry-acts', '.filters', '.entries', '.top'])
      expect(!(await page.locator(part).first().isVisible()), `${part} is printed`)
    await page.waitForTimeout(300)
    await shot(page, 'alert-print')
  })
  await context.close()
}

async function phone(browser, base, { check, expect, axe, shot }, [id]) {
  const view = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
  const { page, context } = await openPage(browser, `${base}/station?id=${id}&p=cod`, { ...view, colorScheme: 'light' })
  await check('phone: a station fits the screen, and axe finds nothing', async () => {
    await chart(page)
    await page.waitForLoadState('networkidle')
    const wide = await page.evaluate(() =>
      [document.documentElement, document.querySelector('.page')].map((e) => e.scrollWidth),
    )
    expect(Math.max(...wide) <= 390, `${wide} px`)
    await axe(page)
  })
  await shot(page, 'phone-station-page')
  await context.close()
}
