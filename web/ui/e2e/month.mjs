// Silences and maintenance windows on a calendar.
import { openPage } from './browser.mjs'
import { gallery } from './gallery.mjs'

const PATH = 'silences?view=month'

export async function monthStories(browser, base, test, { signIn, desktop }) {
  const { check, expect } = test
  const { page, context, errors } = await openPage(browser, `${base}/decode`, desktop('light'))
  await signIn(page)
  const made = await page.evaluate(maintain)
  await page.goto(`${base}/${PATH}`)
  await check('a maintenance window stands on each of its days', async () => {
    await page.waitForSelector('.month td.today')
    expect((await page.locator('.month thead th').count()) === 7, 'a week has other than seven days')
    const days = await page.locator(`.month td:not(.other) li.maintenance button[title*="${made.reason}"]`).count()
    expect(days >= 1, 'it stands nowhere')
  })
  await check('months are turned, and the present one is found again', async () => {
    await page.click('.month-head .quiet >> nth=1')
    await page.waitForSelector('.month td.today', { state: 'detached' })
    expect(page.url().includes('month='), page.url())
    await page.click('.month-head .link')
    await page.waitForSelector('.month td.today')
  })
  await check('a press leads to it in the list', async () => {
    await page.locator(`.month button[title*="${made.reason}"]`).first().click()
    await page.waitForSelector(`[data-mute="${made.id}"][aria-current="true"]`)
  })
  await check('no error on the console of the calendar', () => expect(errors.length === 0, errors.join('\n')))
  await context.close()
  await gallery(browser, base, test, {
    name: 'silences-month',
    path: PATH,
    signIn,
    prepare: (p) => p.waitForSelector('.month td.today'),
  })
}

// From now on for a day: today at least is in the month that is shown.
async function maintain() {
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${sessionStorage.getItem('quantrac.token')}`,
  }
  const { items } = await (await fetch('api/v1/stations?limit=1', { headers })).json()
  const reason = `e2e ${Date.now().toString(36)}`
  const to = new Date(Date.now() + 86_400_000).toISOString()
  const body = JSON.stringify({ matcher: { stations: [items[0].id] }, to, reason })
  const { id } = await (await fetch('api/v1/maintenance', { method: 'POST', headers, body })).json()
  return { id, reason }
}
