// People: a link lets somebody in, a password does, an administrator adds others, and the audit tells of it.
import { openPage } from './browser.mjs'

const PASSWORD = 'bốn chiếc ghế gỗ cũ'

export async function accountStories(browser, base, test, { signIn, desktop }) {
  const { check, expect, axe, shot } = test
  const { page, context, errors } = await openPage(browser, `${base}/users`, desktop('light'))
  const name = `e2e${Date.now().toString(36)}`
  await signIn(page)
  let link = ''
  await check('a user is added, and the one-time link is shown once', async () => {
    await page.click('.page-acts .main')
    await page.fill('.dialog [name="name"]', `Người ${name}`)
    await page.fill('.dialog [name="username"]', name)
    await page.check('.dialog [name="role"][value="admin"]')
    await axe(page)
    await page.click('.dialog [type="submit"]')
    link = await page.textContent('[data-secret]')
    expect(link.includes('/#/setup?token='), link)
    await axe(page)
    await page.click('.dialog .main')
    await page.waitForSelector(`[data-user="${name}"] .user-state.pending`)
  })
  await check('a token is made, shown once and taken back', async () => {
    await page.click('.token-list .section-head button')
    await page.fill('.dialog [name="name"]', name)
    await page.click('.dialog [type="submit"]')
    expect((await page.textContent('[data-secret]')).startsWith('qt_'), 'no token')
    await page.click('.dialog .main')
    await page.click(`[data-token="${name}"] .grave`)
    await page.click('.dialog .main.grave')
    await page.waitForSelector(`[data-token="${name}"]`, { state: 'detached' })
  })
  await check('no error on the console of an administrator of users', () =>
    expect(errors.length === 0, errors.join('\n')),
  )
  await context.close()
  await newcomer(browser, base, test, { name, token: link.split('token=')[1], desktop })
  for (const scheme of ['light', 'dark']) await door(browser, base, { check, axe, shot }, desktop(scheme), scheme)
}

async function newcomer(browser, base, { check, expect, axe, shot }, { name, token, desktop }) {
  const { page, context } = await openPage(browser, `${base}/#/setup?token=${token}`, desktop('light'))
  const password = async (first, again) => {
    await page.fill('[name="password"]', first)
    await page.fill('[name="again"]', again)
    await page.click('[type="submit"]')
  }
  await check('a one-time link asks for a password, twice and long enough', async () => {
    await page.waitForSelector('.door [name="again"]')
    await axe(page)
    await shot(page, 'set-up-light')
    await password('short', 'short')
    await page.waitForSelector('.door [role="alert"]')
    await password(PASSWORD, `${PASSWORD}x`)
    await page.waitForSelector('.door [role="alert"]')
  })
  await check('then it signs in, and leaves no trace in the address', async () => {
    await password(PASSWORD, PASSWORD)
    await page.waitForSelector('.role')
    await page.waitForFunction((n) => document.querySelector('.role')?.textContent?.includes(n), name)
    expect(!page.url().includes('token'), page.url())
    const kept = await page.evaluate(() =>
      [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie].join(),
    )
    expect(!kept.includes('quantrac_session') && !kept.includes(token), kept)
  })
  await check('a session outlives the page', async () => {
    await page.goto(`${base}/audit`)
    await page.waitForSelector('.trail li')
    await axe(page)
  })
  await check('an entry opens on what changed', async () => {
    await page.click('.trail details:has(summary) >> nth=1 >> summary')
    await page.waitForSelector('.trail details[open] .note')
    await page.selectOption('.filters select', 'session')
    await page.waitForFunction(() => new URL(location.href).searchParams.get('action') === 'session')
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.trail details')].every((d) => d.dataset.action.startsWith('session.')),
    )
  })
  await check('the account is shown, and signing out ends the session', async () => {
    await page.click('.role')
    await page.waitForSelector('.dialog .who')
    await axe(page)
    await shot(page, 'account-light')
    await page.click('.dialog .enter-acts .main')
    await page.waitForFunction((n) => !document.querySelector('.role')?.textContent?.includes(n), name)
  })
  await check('the link works once', async () => {
    await page.goto(`${base}/?again#/setup?token=${token}`)
    await page.waitForSelector('.door .note-box')
    await axe(page)
  })
  await context.close()
}

async function door(browser, base, { check, axe, shot }, view, scheme) {
  const { page, context } = await openPage(browser, `${base}/decode`, view)
  await check(`signing in: a wrong password is said to be wrong, ${scheme}`, async () => {
    await page.click('.role')
    await page.fill('.dialog [name="username"]', 'nobody')
    await page.fill('.dialog [name="password"]', 'no password of anybody')
    await page.click('.dialog [type="submit"]')
    await page.waitForSelector('.dialog [role="alert"]')
    await axe(page)
    await shot(page, `sign-in-${scheme}`)
  })
  await context.close()
}
