// Opens the browser as the machine has it: Debian's Chromium, software GL, and nothing that calls home.
import { chromium } from 'playwright-core'

const FLAGS = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-default-apps',
  '--disable-extensions',
  '--mute-audio',
]

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
}

// A page that keeps an account of what must not happen: requests to other origins, errors on the console.
export async function openPage(browser, base, options) {
  const context = await browser.newContext({ locale: 'vi-VN', ...options })
  const page = await context.newPage()
  const foreign = []
  const errors = []
  page.on('request', (r) => {
    const u = new URL(r.url())
    if (u.protocol.startsWith('http') && u.origin !== new URL(base).origin) foreign.push(r.url())
  })
  page.on('console', (m) => {
    if (m.type() === 'error') errors.push(m.text())
  })
  page.on('pageerror', (e) => errors.push(String(e)))
  await page.goto(base, { waitUntil: 'load' })
  return { page, context, foreign, errors }
}

export async function mapIdle(page) {
  await page.waitForFunction(() => Number(document.querySelector('.map')?.dataset.drawn ?? 0) > 0, null, {
    timeout: 60_000,
  })
  await page.waitForSelector('.map[data-map="idle"]', { timeout: 60_000 })
}
