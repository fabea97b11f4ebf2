// The registry's page: an administrator moves a station by hand and by number, is told what is wrong where it is wrong, draws a park's
// outline, and sees what a file would change before it does.
import { openPage } from './browser.mjs'

const admin = process.env.BASE_URL ? process.env.QUANTRAC_BOOTSTRAP_TOKEN : 'admin'

export async function registryStories(browser, base, test) {
  await viewer(browser, base, test)
  await upstream(browser, base, test)
  if (!admin) return
  await stations(browser, base, test)
  await parks(browser, base, test)
  await phone(browser, base, test)
}

const view = (width, height, colorScheme) => ({ viewport: { width, height }, colorScheme })

async function enter(browser, base, options) {
  const opened = await openPage(browser, `${base}/ledger`, options)
  await opened.page.evaluate((token) => sessionStorage.setItem('quantrac.token', token), admin)
  await opened.page.goto(`${base}/registry`)
  await opened.page.waitForSelector('.place-list [data-place]')
  return opened
}

async function viewer(browser, base, { check }) {
  const { page, context } = await openPage(browser, `${base}/registry`, view(1280, 800, 'light'))
  await check('registry: a viewer is told which role it needs', async () => {
    await page.waitForSelector('.page.registry .need-role')
  })
  await context.close()
}

async function upstream(browser, base, { check, expect, axe, shot }) {
  for (const scheme of ['light', 'dark']) {
    const { page, context } = await openPage(browser, `${base}/alerts`, view(1440, 900, scheme))
    await page.waitForSelector('[data-row]', { timeout: 60_000 })
    await page.locator('[data-row]').first().click()
    await check(`upstream: an alert names who may be behind it, or why nobody, ${scheme}`, async () => {
      const ask = page.getByRole('button', { name: 'Tìm nguồn ở thượng lưu' })
      await ask.waitFor()
      await ask.click()
      await page.waitForSelector('.upstream ol li, .upstream [role="status"]:not(.waiting)')
      expect((await page.textContent('.upstream')).length > 40, 'nothing is said')
      await page.locator('.upstream').scrollIntoViewIfNeeded()
      await axe(page)
    })
    await shot(page, `upstream-${scheme}`)
    await context.close()
  }
}

async function stations(browser, base, { check, expect, axe, shot }) {
  const { page, context, errors } = await enter(browser, base, view(1440, 900, 'light'))
  await check('registry: the list narrows by what is typed, without marks', async () => {
    await page.getByRole('searchbox', { name: 'Tìm theo tên hoặc mã' }).fill('amata')
    const n = await page.locator('[data-place]').count()
    expect(n >= 1 && n < 10, `${n} places`)
  })
  await page.click('[data-place="amata-01"]')
  await page.waitForSelector('.place-form .map[data-map="idle"]', { timeout: 30_000 })
  await shot(page, 'registry-station-light')
  await check('registry: axe finds nothing on a station, light', () => axe(page))
  await check('registry: a click on the map puts the position', async () => {
    const before = await page.inputValue('[name="lon"]')
    await page.locator('.place-map .map').click({ position: { x: 60, y: 60 } }) // away from the controls
    await page.waitForFunction((was) => document.querySelector('[name="lon"]').value !== was, before)
    const pin = await page.locator('.handle.pin').boundingBox()
    const box = await page.locator('.place-map .map').boundingBox()
    expect(Math.abs(pin.x + pin.width / 2 - box.x - 60) < 3, `pin at ${pin.x - box.x}`)
  })
  await check('registry: dragging the pin puts it too', async () => {
    await page.waitForTimeout(600) // two presses at once are a double click, which zooms
    const before = await page.inputValue('[name="lat"]')
    const pin = await page.locator('.handle.pin').boundingBox()
    await page.mouse.move(pin.x + 11, pin.y + 11)
    await page.mouse.down()
    await page.mouse.move(pin.x + 60, pin.y + 90, { steps: 12 })
    await page.waitForTimeout(100)
    await page.mouse.up()
    await page.waitForFunction((was) => document.querySelector('[name="lat"]').value !== was, before)
  })
  await check('registry: a swapped pair is refused beside its field', async () => {
    await page.fill('[name="lon"]', '10,942')
    await page.fill('[name="lat"]', '106,894')
    await page.getByRole('button', { name: 'Lưu', exact: true }).click()
    await page.waitForSelector('[name="lon"][aria-invalid="true"]')
    const said = await page.textContent('.pair .wrong')
    expect(said.includes('latitude first'), said)
    await axe(page)
  })
  await check('registry: what is right is saved by the keyboard alone, and is in force', async () => {
    await page.fill('[name="lon"]', '106,9012')
    await page.fill('[name="lat"]', '10,9456')
    await page.fill('[name="vi"]', 'Trạm Amata dời chỗ')
    await page.press('[name="vi"]', 'Enter')
    await page.waitForSelector('.place-editor [role="status"]')
    expect((await page.inputValue('[name="lon"]')) === '106.9012', await page.inputValue('[name="lon"]'))
    await page.waitForFunction(() => document.querySelector('[data-place="amata-01"]').textContent.includes('dời chỗ'))
  })
  await check('registry: a limit and an instrument are added with their dates', async () => {
    await page.getByRole('button', { name: 'Thêm giới hạn' }).click()
    await page.getByRole('group', { name: 'Giới hạn 2' }).getByLabel('Kq').fill('0,9')
    await page.getByRole('group', { name: 'Giới hạn 2' }).getByLabel('Kf').fill('1')
    await page.getByRole('group', { name: 'Giới hạn 2' }).getByLabel('Từ ngày').fill('2027-01-01')
    await page.getByRole('button', { name: 'Thêm thiết bị' }).click()
    await page.fill('[name="serial0"]', 'SN-77')
    await page.fill('[name="measures0"]', 'cod')
    await page.fill('[name="due0"]', '2026-01-01')
    await page.waitForSelector('text=quá hạn')
    await page.getByRole('button', { name: 'Lưu', exact: true }).click()
    await page.waitForSelector('.place-editor [role="status"]')
    expect((await page.inputValue('[name="from1"]')) === '2027-01-01', 'the day is lost')
  })
  await check('registry: the change stands in the list of edits and is taken back', async () => {
    await page.goto(`${base}/registry`)
    await page.waitForSelector('[data-edit="amata-01"]')
    await shot(page, 'registry-edits-light')
    await axe(page)
    await page.getByRole('button', { name: 'Hoàn lại: amata-01' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Hoàn lại' }).click()
    await page.waitForSelector('[data-edit="amata-01"]', { state: 'detached' })
  })
  await check('registry: a file is looked at before it is taken', () => importFile(page, expect, axe, shot))
  await check('registry: no error on the console', () => {
    const real = errors.filter((e) => !e.includes('422'))
    expect(real.length === 0, real.join('\n'))
  })
  await context.close()
}

async function importFile(page, expect, axe, shot) {
  const feature = (id, coordinates) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates },
    properties: { id, name: { vi: `Trạm ${id}`, en: id }, kind: 'effluent', parameters: ['cod', 'ph'], park: '' },
  })
  const give = (features) =>
    page.setInputFiles('input[type="file"]', {
      name: 'places.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(JSON.stringify({ type: 'FeatureCollection', features })),
    })
  await page.getByRole('button', { name: 'Nhập từ tệp' }).click()
  await give([feature('moi-01', [10.95, 106.9])])
  await page.waitForSelector('.report .note-box.bad')
  const path = await page.textContent('.report .note-box code')
  expect(path.startsWith('features[0].geometry.coordinates'), path)
  await give([feature('moi-01', [106.9, 10.95]), feature('moi-02', [106.91, 10.95])])
  await page.waitForSelector('.report tbody tr:nth-child(2)')
  await shot(page, 'registry-import-light')
  await axe(page)
  await page.getByRole('button', { name: 'Nhập 2 mục' }).click()
  await page.waitForSelector('.report .told.fine')
  await page.getByRole('dialog').locator('.dialog-acts').getByRole('button', { name: 'Đóng' }).click()
  await page.waitForSelector('[data-place="moi-02"]')
  for (const id of ['moi-01', 'moi-02']) {
    await page.click(`[data-place="${id}"]`)
    await page.getByRole('button', { name: 'Xóa khỏi danh mục' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Xóa khỏi danh mục' }).click()
    await page.waitForSelector(`[data-place="${id}"]`, { state: 'detached' })
  }
}

async function parks(browser, base, { check, expect, axe, shot }) {
  const { page, context } = await enter(browser, base, view(1440, 900, 'dark'))
  await page.getByRole('button', { name: 'Khu công nghiệp', exact: true }).click()
  await page.click('[data-place="loteco"]')
  await page.waitForSelector('.place-form .map[data-map="idle"]', { timeout: 30_000 })
  await check("registry: a park's outline is drawn on the map and typed as numbers", async () => {
    await page.getByRole('button', { name: 'Vẽ trên bản đồ' }).click()
    const map = page.locator('.place-map .map')
    for (const [x, y] of [
      [80, 80],
      [300, 80],
      [300, 240],
    ])
      await map.click({ position: { x, y } })
    await page.getByRole('button', { name: 'Thêm góc' }).click()
    expect((await page.locator('.corners li').count()) === 4, 'not four corners')
    const west = Number(await page.getByLabel('Góc 1: Kinh độ').inputValue())
    await page.getByLabel('Góc 4: Kinh độ').fill(String(west))
    await page.getByLabel('Góc 4: Kinh độ').press('Tab')
    expect((await page.locator('.handle.corner').count()) === 4, 'not four handles')
  })
  await page.waitForTimeout(600)
  await shot(page, 'registry-park-dark')
  await check('registry: axe finds nothing on a park, dark', () => axe(page))
  await check('registry: the outline is kept', async () => {
    await page.getByRole('button', { name: 'Lưu', exact: true }).click()
    await page.waitForSelector('.place-editor [role="status"]')
    await page.reload()
    await page.waitForSelector('.corners li:nth-child(4)')
  })
  await check('registry: it is taken back', async () => {
    await page.goto(`${base}/registry?kind=park`)
    await page.getByRole('button', { name: 'Hoàn lại: loteco' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Hoàn lại' }).click()
    await page.waitForSelector('[data-edit="loteco"]', { state: 'detached' })
  })
  await context.close()
}

async function phone(browser, base, { check, expect, axe, shot }) {
  const phoneView = {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    colorScheme: 'light',
  }
  const { page, context } = await enter(browser, base, phoneView)
  await shot(page, 'phone-registry')
  await page.click('[data-place="ho-nai-01"]')
  await page.waitForSelector('.place-form .map[data-map="idle"]', { timeout: 30_000 })
  await shot(page, 'phone-registry-station')
  await check('phone: a station of the registry fits the screen, and axe finds nothing', async () => {
    const wide = await page.evaluate(() =>
      [document.documentElement, document.querySelector('.page')].map((e) => e.scrollWidth),
    )
    expect(Math.max(...wide) <= 390, `${wide} px`)
    await axe(page)
  })
  await context.close()
}
