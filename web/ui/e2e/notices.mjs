// The page of recipients, with recipients that are there: webhooks made, tried, read by their signature, sent again; e-mails; and the
// recipient's own page behind its link.
import { execFileSync } from 'node:child_process'
import { openPage } from './browser.mjs'
import { gallery } from './gallery.mjs'
import { receiveMails, receiveWebhooks } from './receiver.mjs'

export async function noticeStories(browser, base, test, { admin, signIn, desktop }) {
  await viewer(browser, base, test, desktop('light'))
  // Nobody sends anything in the fixture.
  if (!admin || !process.env.BASE_URL) return
  const receiver = await receiveWebhooks()
  const told = { signIn, view: desktop('light'), receiver }
  try {
    await webhook(browser, base, test, told)
    await hookPictures(browser, base, test, told)
    await recipient(browser, base, test, told)
    await ends(browser, base, test, told)
    if (process.env.SMTP_PORT) await mails(browser, base, test, told)
  } finally {
    receiver.close()
  }
}

async function viewer(browser, base, { check, expect }, view) {
  const { page, context, errors } = await openPage(browser, `${base}/notices`, view)
  await check('a viewer is told that recipients are for administrators', async () => {
    await page.waitForSelector('.need-role')
    expect((await page.locator('.notice-list').count()) === 0, 'a list is shown')
  })
  await check('no error on the console of a viewer of recipients', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
}

async function webhook(browser, base, { check, expect, axe }, told) {
  const { receiver } = told
  const { page, context, errors } = await openPage(browser, `${base}/decode`, told.view)
  await told.signIn(page)
  await page.goto(`${base}/notices`)
  await check('a webhook is made, and its secret is shown once', async () => {
    await page.click('.page-acts .main')
    await page.fill('.dialog [name="name"]', 'Sở Nông nghiệp và Môi trường')
    await page.fill('.dialog [name="url"]', 'example')
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.dialog [role="alert"]')
    await page.fill('.dialog [name="url"]', receiver.url)
    await axe(page)
    await page.click('.dialog [type="submit"]')
    told.secret = await page.textContent('[data-secret]')
    expect(told.secret.startsWith('whsec_'), 'no secret')
    await page.keyboard.press('Escape')
    expect(await page.isVisible('[data-secret]'), 'a slip closed it')
    await page.click('.dialog .main')
    await page.waitForSelector('[data-hook]')
    expect(!(await page.content()).includes(told.secret), 'the secret is still there')
    told.id = await page.getAttribute('[data-hook]', 'data-hook')
  })
  await check('a test shows its exact headers and body, and arrives', async () => {
    await page.click('[data-hook] a')
    await page.click('.notice-acts .main')
    const headers = await page.textContent('[data-headers]')
    expect(headers.includes('Webhook-Signature: v1,') && headers.startsWith(`POST ${receiver.url}`), headers)
    expect(JSON.parse(await page.textContent('[data-body]')).type === 'webhook.test', 'another body')
    await axe(page)
    await page.click('.dialog-acts .main')
    await page.waitForSelector('[data-outcome="delivered"]')
    const came = await receiver.until((r) => JSON.parse(r.body).type === 'webhook.test')
    expect(came.headers['webhook-signature']?.startsWith('v1,'), JSON.stringify(came.headers))
    await page.keyboard.press('Escape')
    await page.waitForSelector('[data-delivery][data-state="delivered"]')
  })
  await check('what alerts do arrives, and each try is listed', async () => {
    await page.evaluate(exceed)
    told.came = await receiver.until((r) => JSON.parse(r.body).type.startsWith('alert.'), 60_000)
    const id = told.came.headers['webhook-id']
    await page.waitForSelector(`[data-delivery="${id}"][data-state="delivered"]`, { timeout: 20_000 })
  })
  await check('one message is sent again under its own id', async () => {
    const id = told.came.headers['webhook-id']
    await page.click(`[data-delivery="${id}"] .row-acts .link >> nth=0`)
    await page.waitForSelector('.deliveries .told.fine')
    await receiver.until((r) => r !== told.came && r.headers['webhook-id'] === id)
  })
  await check('everything since a time is sent again', async () => {
    await page.click('.deliveries-head > .quiet')
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.deliveries .told.fine >> text=/Đã xếp hàng gửi lại \\d+ tin/')
  })
  await check('a recipient that fails is shown with its answer', async () => {
    receiver.answer(500)
    await page.click('.notice-acts .main')
    await page.click('.dialog-acts .main')
    await page.waitForSelector('[data-outcome="dead"] >> text=500').finally(() => receiver.answer(200))
    await page.keyboard.press('Escape')
    await page.waitForSelector('[data-delivery][data-state="dead"] >> text=the database is away')
  })
  await check('the secret is changed, and both sign for a day', async () => {
    await page.click('.notice-acts .quiet >> text=Đổi khóa ký')
    await page.click('.dialog .main')
    told.newSecret = await page.textContent('[data-secret]')
    expect(told.newSecret !== told.secret, 'it is the old one')
    await page.click('.dialog .main')
    await page.waitForSelector('.tag >> text=khóa cũ còn ký')
    await page.click('.notice-acts .main')
    await page.click('.dialog-acts .main')
    await page.waitForSelector('[data-outcome="delivered"]')
    const both = receiver.got.at(-1).headers['webhook-signature'].split(' ')
    expect(both.length === 2, both.join(' '))
    await page.keyboard.press('Escape')
  })
  await check('the link of the recipient is made and shown once', async () => {
    await page.click('.notice-acts .quiet >> text=Tạo liên kết')
    await page.click('.dialog .main')
    told.link = await page.textContent('[data-secret]')
    expect(told.link.startsWith(`${base}/recipient#qwl_`), told.link)
    await page.click('.dialog .main')
  })
  await check('no error on the console of an administrator of recipients', () =>
    expect(errors.length === 0, errors.join('\n')),
  )
  await context.close()
}

// Far over the limit of any station: an alert opens at once.
async function exceed() {
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${sessionStorage.getItem('quantrac.token')}`,
  }
  const { items } = await (await fetch('api/v1/stations?limit=1000', { headers })).json()
  const calm = items.filter((s) => s.state === 'good' && s.parameters.includes('cod')).slice(0, 3)
  for (const s of calm) {
    const body = JSON.stringify({ station: s.id, values: { cod: { value: s.latest.cod.limit * 2, unit: 'mg/L' } } })
    await fetch('api/v1/readings', { method: 'POST', headers, body })
  }
}

async function hookPictures(browser, base, test, { signIn, id, link }) {
  const settled = (page) => page.waitForSelector('[data-delivery]')
  await gallery(browser, base, test, {
    name: 'notices',
    path: 'notices',
    signIn,
    prepare: (page) => page.waitForSelector('[data-hook]'),
  })
  await gallery(browser, base, test, { name: 'webhook', path: `notices?id=${id}`, signIn, prepare: settled })
  await gallery(browser, base, test, {
    name: 'recipient',
    path: link.slice(base.length + 1),
    prepare: async (page) => {
      await settled(page)
      await page.click('.how summary')
    },
  })
}

async function recipient(browser, base, { check, expect }, told) {
  const { receiver, link } = told
  const { page, context, foreign, errors } = await openPage(browser, link, told.view)
  const token = link.split('#')[1]
  await check('the link alone shows the recipient its own messages', async () => {
    await page.waitForSelector('[data-delivery][data-state="delivered"]')
    expect((await page.locator('.nav').count()) === 0, 'there is more than its own page')
  })
  await check('the key of the link is in no address, and survives a reload', async () => {
    expect(page.url() === `${base}/recipient`, page.url())
    const sent = []
    page.on('request', (r) => sent.push(r.headers().referer ?? ''))
    await page.reload()
    await page.waitForSelector('[data-delivery]')
    expect(!sent.some((r) => r.includes(token)), sent.join(' '))
    expect(!(await page.content()).includes(token), 'it stands in the page')
  })
  await check('the recipient replays a message', async () => {
    const id = told.came.headers['webhook-id']
    const before = receiver.got.length
    await page.click(`[data-delivery="${id}"] .row-acts .link >> nth=0`)
    await page.waitForSelector('.deliveries .told.fine')
    await receiver.until((r) => receiver.got.indexOf(r) >= before && r.headers['webhook-id'] === id)
  })
  await check('the samples on the page verify what really came, and refuse what was changed', async () => {
    await page.click('.how summary')
    const came = receiver.got.at(-1)
    const spoilt = Buffer.concat([came.body, Buffer.from(' ')])
    for (const [tongue, verify] of [
      ['Node.js', verifyByNode],
      ['Python', verifyByPython],
    ]) {
      await page.click(`.how .segments button >> text=${tongue}`)
      const code = await page.textContent(`[data-code="${tongue}"]`)
      expect(await verify(code, told.newSecret, came.headers, came.body), `${tongue} refuses what is genuine`)
      expect(await verify(code, told.secret, came.headers, came.body), `${tongue} refuses the old secret in its day`)
      expect(!(await verify(code, told.newSecret, came.headers, spoilt)), `${tongue} takes what was changed`)
    }
  })
  await check('both languages are there without an account', async () => {
    await page.click('.switches [lang="en"]')
    await page.waitForSelector('.page-head >> text=Messages to')
  })
  await check('the link is forgotten on request', async () => {
    await page.click('.page-acts .quiet')
    await page.waitForSelector('.empty')
    const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))
    expect(!kept.includes(token), kept)
  })
  await check('the recipient asks nobody else, and no error on its console', () =>
    expect(foreign.length + errors.length === 0, [...foreign, ...errors].join('\n')),
  )
  await context.close()
}

async function verifyByNode(code, secret, headers, body) {
  const { verify } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  return verify(secret, headers, body)
}

function verifyByPython(code, secret, headers, body) {
  const rest = `
import json, sys
given = json.load(sys.stdin)
sys.exit(0 if verify(given["secret"], given["headers"], bytes.fromhex(given["body"])) else 7)
`
  try {
    const input = JSON.stringify({ secret, headers, body: body.toString('hex') })
    execFileSync('python3', ['-c', code + rest], { input, stdio: ['pipe', 'ignore', 'pipe'] })
    return true
  } catch (err) {
    if (err.status === 7) return false
    throw err
  }
}

async function ends(browser, base, { check, expect }, told) {
  const { page, context } = await openPage(browser, `${base}/decode`, told.view)
  await told.signIn(page)
  await page.goto(`${base}/notices?id=${told.id}`)
  await check('a link that was taken back opens nothing', async () => {
    await page.click('.notice-acts .quiet >> text=Thu hồi liên kết')
    await page.click('.dialog .main')
    await page.waitForSelector('.dialog', { state: 'detached' })
    const other = await openPage(browser, told.link, told.view)
    await other.page.waitForSelector('.empty >> text=thu hồi')
    await other.context.close()
  })
  await check('sending is stopped and started again', async () => {
    await page.click('.notice-acts .quiet >> text=Tạm dừng')
    await page.click('.dialog .main')
    await page.waitForSelector('.health.disabled')
    await page.click('.notice-acts .quiet >> text=Bật lại')
    await page.waitForSelector('.health.ok')
  })
  await check('a webhook is deleted after a question that names it', async () => {
    await page.click('.notice-acts .grave')
    expect((await page.textContent('.dialog h2')).includes('Sở Nông nghiệp'), 'the question does not name it')
    await page.click('.dialog .grave')
    await page.waitForSelector(`[data-hook="${told.id}"]`, { state: 'detached' })
    await page.waitForSelector('.notice-list')
  })
  await context.close()
}

async function mails(browser, base, test, told) {
  const { check, expect, axe } = test
  const post = await receiveMails(Number(process.env.SMTP_PORT))
  const { page, context, errors } = await openPage(browser, `${base}/decode`, told.view)
  await told.signIn(page)
  await page.goto(`${base}/notices?tab=mails`)
  let id = ''
  await check('somebody is put down for e-mails', async () => {
    await page.click('.page-acts .main')
    await page.fill('.dialog [name="name"]', 'Trực ban')
    await page.fill('.dialog [name="address"]', 'truc-ban')
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.dialog [role="alert"]')
    await page.fill('.dialog [name="address"]', 'truc-ban@example.vn')
    await page.fill('.dialog [name="group_wait"]', '1s')
    await axe(page)
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('[data-mail] >> text=truc-ban@example.vn')
    id = await page.getAttribute('[data-mail]', 'data-mail')
  })
  await check('a test e-mail is shown before it is sent, and arrives', async () => {
    await page.click('[data-mail] a')
    await page.click('.notice-acts .main')
    await page.waitForSelector('.letter >> text=truc-ban@example.vn')
    await axe(page)
    await page.click('.dialog-acts .main')
    await page.waitForSelector('[data-outcome="delivered"]')
    expect(post.got.length === 1 && post.got[0].includes('truc-ban@example.vn'), `${post.got.length} came`)
    await page.keyboard.press('Escape')
    await page.waitForSelector('[data-delivery][data-state="delivered"]')
  })
  await gallery(browser, base, test, {
    name: 'mail',
    path: `notices?tab=mails&id=${id}`,
    signIn: told.signIn,
    prepare: (p) => p.waitForSelector('[data-delivery]'),
  })
  await check('somebody is taken off the list', async () => {
    await page.click('.notice-acts .grave')
    await page.click('.dialog .grave')
    await page.waitForSelector('.notice-list .empty')
  })
  await check('no error on the console of the e-mails', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
  post.close()
}
