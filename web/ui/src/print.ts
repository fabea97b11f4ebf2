import { signal } from '@preact/signals'

/** Paper is white: while a page is printed it is light, whatever the reader likes on the screen. */

export const printing = signal(false)
/** When the print was asked for, ms: it stands at its head. */
export const printedAt = signal(Date.now())

/** Follows the browser's printing; the returned function ends that. */
export function followPrint(): () => void {
  const root = document.documentElement
  let before: string | undefined
  const begin = () => {
    before = root.dataset.theme
    // First the colours, then what is drawn with them: charts read the colours when this signal changes.
    root.dataset.theme = 'light'
    printedAt.value = Date.now()
    printing.value = true
  }
  const end = () => {
    if (before) root.dataset.theme = before
    printing.value = false
  }
  addEventListener('beforeprint', begin)
  addEventListener('afterprint', end)
  return () => {
    removeEventListener('beforeprint', begin)
    removeEventListener('afterprint', end)
  }
}
