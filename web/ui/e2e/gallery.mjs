// Pictures of a page at three widths, light and dark, in both languages; what does not fit or is hard to reach is a fault.
import { openPage } from './browser.mjs'

const WIDTHS = [
  [390, 844],
  [1280, 800],
  [1920, 1080],
]

// path is where the page is; prepare brings it into the state that is shown.
export async function gallery(browser, base, { check, expect, axe, shot }, { name, path, signIn, prepare }) {
  for (const [width, height] of WIDTHS) {
    for (const scheme of ['light', 'dark']) {
      const view = { viewport: { width, height }, colorScheme: scheme, isMobile: width < 500, hasTouch: width < 500 }
      const { page, context } = await openPage(browser, `${base}/${signIn ? 'decode' : path}`, view)
      if (signIn) await signIn(page)
      for (const language of ['vi', 'en']) {
        await page.evaluate((l) => localStorage.setItem('quantrac.language', l), language)
        await page.goto(`${base}/${path}`)
        // An address that differs behind the # alone loads nothing anew.
        await page.reload()
        await prepare(page)
        await page.waitForTimeout(300)
        await shot(page, `${name}-${width}-${scheme}-${language}`)
        await check(`${name} at ${width}, ${scheme}, ${language}: it fits, and axe finds nothing`, async () => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth)
          expect(wide <= width, `${wide} px wide`)
          await axe(page)
        })
      }
      await context.close()
    }
  }
}
