/** Raw bytes as a person can read them. Pure. */

const ROW = 16

/** The bytes of a base64 text; null when it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
  } catch {
    return null
  }
}

/** The bytes as text when they are text: UTF-8 without control characters other than tab and line ends. */
export function textOf(bytes: Uint8Array): string | null {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text) ? null : text
}

/** At most `most` bytes in rows of 16: offset, hex, and what is printable ASCII beside it. */
export function hexDump(bytes: Uint8Array, most: number): string {
  const rows: string[] = []
  const end = Math.min(bytes.length, most)
  for (let at = 0; at < end; at += ROW) {
    const row = [...bytes.subarray(at, Math.min(at + ROW, end))]
    const hex = row.map((b) => b.toString(16).padStart(2, '0')).join(' ')
    const ascii = row.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join('')
    rows.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(ROW * 3 - 1)}  ${ascii}`)
  }
  return rows.join('\n')
}
