import { type Signal, useSignal } from '@preact/signals'
import { useId, useRef } from 'preact/hooks'
import { Link } from '../../parts/link.tsx'
import { Hex } from '../../parts/raw.tsx'
import { go } from '../../router.ts'
import { stations, words } from '../../state.ts'
import { type Example, examples } from './examples.ts'
import { assumed, clear, filename, origin, payload, setText, show, takeFile, tooLarge, topic } from './state.ts'

/** The built-in registry's first station, for when none is known yet. */
const SOME_STATION = 'amata-01'

/** What goes in: the payload, and what is known about how it came. */
export function PayloadForm() {
  const over = useSignal(false)
  const onDrop = (e: DragEvent) => {
    e.preventDefault()
    over.value = false
    const file = e.dataTransfer?.files[0]
    if (file) void take(file)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an addition; the button below does the same
    <div
      class={over.value ? 'payload-form over' : 'payload-form'}
      onDragOver={(e) => {
        e.preventDefault()
        over.value = true
      }}
      onDragLeave={() => {
        over.value = false
      }}
      onDrop={onDrop}
    >
      <Examples />
      <PayloadBox />
      <Circumstances />
    </div>
  )
}

/** Below this width the result stands under the form. */
const NARROW = '(max-width: 1000px)'

/** What is known about how the payload came. Out of the way where there is little room. */
function Circumstances() {
  const w = words.value
  const narrow = useRef(matchMedia(NARROW).matches).current
  return (
    <details open={!narrow}>
      <summary>
        {w.t('decode.circumstances')}
        <b>{topic.value || filename.value}</b>
      </summary>
      <div class="fields">
        <Field label={w.t('decode.topic')} value={topic} placeholder="quantrac/v1/…/readings" />
        <Field label={w.t('decode.filename')} value={filename} placeholder="DN_KCN_TRAM_….txt" />
        <AssumedTime />
      </div>
    </details>
  )
}

/** Brings the result into view where it is below what was just pressed. */
function lookAtResult(): void {
  if (matchMedia(NARROW).matches) document.querySelector('.result')?.scrollIntoView()
}

async function take(file: File): Promise<void> {
  await takeFile(file)
  leaveEntry()
  lookAtResult()
}

/** The address names a quarantine entry only for as long as it is what is shown. */
function leaveEntry(): void {
  go('decode', {}, 'replace')
}

function Examples() {
  const w = words.value
  const press = (example: Example) => () => {
    show(example)
    leaveEntry()
    lookAtResult()
  }
  const station = stations.value.keys().next().value ?? SOME_STATION
  return (
    <div class="examples">
      <span>{w.t('decode.examples')}</span>
      {examples(station, Date.now()).map((example) => (
        <button key={example.name} type="button" class="quiet" onClick={press(example)}>
          {w.t(example.name)}
        </button>
      ))}
    </div>
  )
}

function PayloadBox() {
  const w = words.value
  const name = useId()
  const { bytes, text, file } = payload.value
  const size = w.count(bytes.length)
  return (
    <div class="payload">
      <div class="payload-head">
        <label for={name}>{w.t('decode.payload')}</label>
        <small>{file ? w.t('decode.file', { name: file, n: size }) : w.t('decode.size', { n: size })}</small>
        <PickFile />
        <button
          type="button"
          class="quiet"
          disabled={bytes.length === 0}
          onClick={() => {
            clear()
            leaveEntry()
          }}
        >
          {w.t('decode.clear')}
        </button>
      </div>
      {text === null ? (
        <div id={name} class="binary">
          <p class="note">{w.t('decode.binary')}</p>
          <Hex bytes={bytes} />
        </div>
      ) : (
        <textarea
          id={name}
          rows={14}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          placeholder={w.t('decode.placeholder')}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
      )}
      {tooLarge.value > 0 && <p role="alert">{w.t('decode.too_large', { n: w.count(tooLarge.value) })}</p>}
      {origin.value && (
        <p class="note">
          <Link page="quarantine" query={{ state: 'any', entry: origin.value }}>
            {w.t('decode.from_quarantine', { id: origin.value })}
          </Link>
        </p>
      )}
    </div>
  )
}

function PickFile() {
  const input = useRef<HTMLInputElement>(null)
  const w = words.value
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(e) => {
          const file = e.currentTarget.files?.[0]
          if (file) void take(file)
          // So that the same file can be chosen again after it was changed.
          e.currentTarget.value = ''
        }}
      />
      <button type="button" class="quiet" onClick={() => input.current?.click()}>
        {w.t('decode.pick')}
      </button>
    </>
  )
}

function Field({ label, value, placeholder }: { label: string; value: Signal<string>; placeholder: string }) {
  return (
    <label class="field">
      <span>
        {label} <small>{words.value.t('decode.optional')}</small>
      </span>
      <input
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        value={value.value}
        onInput={(e) => {
          value.value = e.currentTarget.value
        }}
      />
    </label>
  )
}

function AssumedTime() {
  const w = words.value
  return (
    <label class="field">
      <span>
        {w.t('decode.now')} <small>{w.t('decode.now_hint')}</small>
      </span>
      <input
        type="datetime-local"
        step="1"
        value={assumed.value}
        onInput={(e) => {
          assumed.value = e.currentTarget.value
        }}
      />
    </label>
  )
}
