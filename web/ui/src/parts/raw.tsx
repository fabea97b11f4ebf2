import { useMemo } from 'preact/hooks'
import { words } from '../state.ts'
import { hexDump } from './bytes.ts'

/** How much of a payload is put on the page; the rest is only said to be there. */
const MOST_HEX = 4096
const MOST_TEXT = 20_000

/** Raw bytes as rows of hex. Never anything but text nodes: whatever a stranger sent is shown and never run. */
export function Hex({ bytes }: { bytes: Uint8Array }) {
  const w = words.value
  const dump = useMemo(() => hexDump(bytes, MOST_HEX), [bytes])
  return (
    <>
      <Block text={dump} />
      {bytes.length > MOST_HEX && <p class="note">{w.t('decode.hex_cut', { n: w.count(MOST_HEX) })}</p>}
    </>
  )
}

export function RawText({ text }: { text: string }) {
  return <Block text={text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text} />
}

function Block({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <pre class="raw-block" tabIndex={0} translate={false}>
      {text}
    </pre>
  )
}
