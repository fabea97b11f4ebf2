/** What the reader has chosen on this device. A browser may refuse storage; the choice then lasts as long as the page. */

export function chosen(name: string): string | null {
  try {
    return localStorage.getItem(`quantrac.${name}`)
  } catch {
    return null
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`quantrac.${name}`, value)
  } catch {
    // Nothing to do: see above.
  }
}
