// The Rules page: rules in words for everybody; drafts, their trial and their acceptance for who may.
import { openPage } from './browser.mjs'
import { gallery } from './gallery.mjs'

const RULE = 'over-limit'

export async function ruleStories(browser, base, test, { admin, signIn, desktop }) {
  await viewer(browser, base, test, desktop('light'))
  // The draft's answers are the program's own: the fixture has none.
  if (!admin || !process.env.BASE_URL) return
  await administrator(browser, base, test, { signIn, view: desktop('light') })
  await limits(browser, base, test, { signIn, view: desktop('light') })
  for (const [name, path, prepare] of [
    ['rules', 'rules', (page) => page.waitForSelector('.rule .says')],
    ['limits', 'rules?tab=limits', (page) => page.waitForSelector('.law .grid')],
    ['rule-draft', `rules?rule=${RULE}`, backtested],
    ['rule-yaml', `rules?rule=${RULE}&by=yaml`, faulty],
  ])
    await gallery(browser, base, test, { name, path, signIn, prepare })
}

async function viewer(browser, base, { check, expect }, view) {
  const { page, context, errors } = await openPage(browser, `${base}/rules`, view)
  await check('every rule is told in a plain sentence, in both languages', async () => {
    await page.waitForSelector('.rule .says')
    const rules = await page.locator('.rule').count()
    const said = await page.locator('.rule .says:first-of-type').allTextContents()
    expect(said.length === rules && said.every((s) => s.startsWith('Khi ')), said.join(' | '))
    await page.click('.switches [lang="en"]')
    const english = await page.locator('.rule .says:first-of-type').allTextContents()
    expect(
      english.every((s) => s.startsWith('When ')),
      english.join(' | '),
    )
    await page.click('.switches [lang="vi"]')
  })
  await check('the open alerts of a rule are counted and a link shows them', async () => {
    const link = page.locator('.rule-facts a[href*="alerts?rule="]').first()
    await link.waitFor({ timeout: 60_000 })
    await link.click()
    await page.waitForSelector('.alert-row', { timeout: 30_000 })
    expect(page.url().includes('rule='), page.url())
    await page.goBack()
  })
  await check('no error on the console of the rules', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function administrator(browser, base, { check, expect, axe }, { signIn, view }) {
  const { page, context } = await openPage(browser, `${base}/decode`, view)
  await signIn(page)
  await page.goto(`${base}/rules?rule=${RULE}`)
  await check('the form changes the draft, and the sentence follows', async () => {
    const critical = level(page, 'Nghiêm trọng')
    await critical.waitFor()
    await page.waitForSelector('.verdict.right')
    await critical.fill('1,2')
    await level(page, 'Cảnh báo').fill('')
    await page.keyboard.press('Tab')
    await page.waitForFunction(() => document.querySelector('.draft-says')?.textContent?.includes('1,2 lần giới hạn'))
    await axe(page)
  })
  await check('the text shows the same draft, and each fault at its line', async () => {
    await page.click('.write .segments button >> nth=1')
    const text = await page.inputValue('.yaml textarea')
    expect(text.includes('critical: 1.2') && !text.includes('warning:'), text)
    await page.fill('.yaml textarea', text.replace('for: 10m', 'for: soon'))
    const fault = page.locator('.faults .link')
    await fault.waitFor()
    const line = text.split('\n').findIndex((l) => l.startsWith('for:')) + 1
    expect((await fault.textContent()) === `dòng ${line}, cột 6`, await fault.textContent())
    await fault.click()
    const at = await page.evaluate(() => document.activeElement.selectionStart)
    expect(at === text.indexOf('10m'), `the cursor is at ${at}`)
    expect(await page.isDisabled('.draft-acts .main'), 'a wrong draft can be accepted')
    await page.fill('.yaml textarea', text)
    await page.waitForSelector('.verdict.right')
  })
  await check('a backtest streams its progress and can be stopped', async () => {
    await page.click('.trial .segments button >> nth=0')
    await page.click('.trial > .main')
    await page.waitForSelector('.trial progress, [data-verdict]')
    const stop = page.locator('.trial .progress button')
    if (await stop.isVisible()) await stop.click({ timeout: 1000 }).catch(() => undefined)
    await page.waitForSelector('.trial > .main', { timeout: 60_000 })
  })
  await check('the verdict says before, after and what would be missed', async () => {
    await backtested(page)
    const verdict = await page.textContent('[data-verdict]')
    expect(/^1 ngày qua: [\d.]+ → [\d.]+ cảnh báo, (bỏ sót \d+|không bỏ sót) lần vượt thật/.test(verdict), verdict)
    expect((await page.locator('.report .days-plot svg').count()) === 1, 'no picture of the days')
  })
  await check('the draft is accepted after a question, and is in force', async () => {
    await page.click('.draft-acts .main')
    expect((await page.textContent('.dialog h2')).includes(RULE), 'the question does not name it')
    await axe(page)
    await page.click('.dialog .main')
    await page.waitForSelector('.dialog', { state: 'detached' })
    await page.goto(`${base}/rules`)
    await page.waitForSelector(`[data-rule="${RULE}"] .says >> text=1,2 lần giới hạn`)
    await page.waitForSelector(`[data-rule="${RULE}"] >> text=sửa tại đây, thay quy tắc gốc`)
  })
  await check('who was slower is told so, and keeps his draft', async () => {
    await page.goto(`${base}/rules?rule=${RULE}&by=yaml`)
    await page.waitForSelector('.verdict.right')
    const mine = (await page.inputValue('.yaml textarea')).replace('critical: 1.2', 'critical: 1.3')
    await page.fill('.yaml textarea', mine)
    await overtake(page)
    await page.waitForSelector('.verdict.right')
    await page.click('.draft-acts .main')
    await page.click('.dialog .main')
    await page.waitForSelector('.dialog [role="alert"] >> text=vừa sửa')
    await page.click('.dialog .main')
    await page.waitForSelector('.dialog', { state: 'detached' })
    expect((await page.inputValue('.yaml textarea')).includes('critical: 1.3'), 'the draft is gone')
  })
  await check('the original comes back', async () => {
    await page.click('.draft-acts .quiet >> text=Trả về quy tắc gốc')
    await page.click('.dialog .main')
    await page.waitForSelector('.dialog', { state: 'detached' })
    await page.goto(`${base}/rules`)
    await page.waitForSelector(`[data-rule="${RULE}"] >> text=có sẵn`)
  })
  await check('a new rule begins as a draft and is deleted again', () => newRule(page, base))
  await context.close()
}

const level = (page, name) => page.getByLabel(name, { exact: false }).and(page.locator('.draft-form .with-unit input'))

// Somebody else changes the rule meanwhile.
function overtake(page) {
  return page.evaluate(async () => {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${sessionStorage.getItem('quantrac.token')}`,
    }
    const rule = { on: 'value', except: ['temp', 'ph'], levels: { critical: 1.1 }, for: '10m' }
    await fetch('api/v1/rules/over-limit', { method: 'PUT', headers, body: JSON.stringify(rule) })
  })
}

async function newRule(page, base) {
  const id = `e2e-${Date.now().toString(36)}`
  await page.click('.page-acts .main')
  await page.fill('.dialog input[name="id"]', 'Not An Id')
  await page.click('.dialog [type="submit"]')
  await page.waitForSelector('.dialog [role="alert"]')
  await page.fill('.dialog input[name="id"]', id)
  await page.click('.dialog [type="submit"]')
  await page.waitForSelector('.verdict.right')
  await page.click('.draft-acts .main')
  await page.click('.dialog .main')
  await page.waitForSelector('.draft-acts .quiet >> text=Xóa quy tắc')
  await page.click('.draft-acts .quiet >> text=Xóa quy tắc')
  await page.click('.dialog .main')
  await page.waitForSelector('.rule-list')
  await page.goto(`${base}/rules`)
  await page.waitForSelector('.rule')
  await page.waitForSelector(`[data-rule="${id}"]`, { state: 'detached' })
}

async function limits(browser, base, { check, expect, axe }, { signIn, view }) {
  const { page, context, errors } = await openPage(browser, `${base}/decode`, view)
  await signIn(page)
  await page.goto(`${base}/rules?tab=limits`)
  await check('limits say their reference, how long they hold, and that nobody compared them', async () => {
    const text = await page.textContent('.law')
    expect(text.includes('QCVN 40:2011/BTNMT') && text.includes('15/02/2012'), text.slice(0, 200))
    await page.waitForSelector('.law .proof.none')
  })
  await check('who compared them is recorded, and can be taken back', async () => {
    await page.click('.law-acts .quiet')
    await page.fill('.dialog input[name="who"]', 'Nguyễn Thị Lan, Sở NN&MT')
    await axe(page)
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.law-head .proof >> text=Nguyễn Thị Lan')
    await page.click('.law-acts .link')
    await page.click('.dialog .main')
    await page.waitForSelector('.law-head .proof.none')
  })
  await check('no error on the console of the limits', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function backtested(page) {
  await page.waitForSelector('.verdict.right')
  await page.click('.trial .segments button >> nth=0')
  await page.click('.trial > .main')
  await page.waitForSelector('.report [data-verdict]', { timeout: 90_000 })
}

async function faulty(page) {
  await page.waitForSelector('.verdict.right')
  const text = await page.inputValue('.yaml textarea')
  await page.fill('.yaml textarea', text.replace('for: 10m', 'for: soon').replace('except:', 'excpt:'))
  await page.waitForSelector('.verdict.wrong')
}
