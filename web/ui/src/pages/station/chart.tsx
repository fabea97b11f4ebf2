import 'uplot/dist/uPlot.min.css'
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { decimalsOf, shortName } from '../../panels/figures.ts'
import { Failed, Waiting } from '../../parts/notes.tsx'
import { language, parameters, stations, words } from '../../state.ts'
import { type Cursor, keyed } from './keys.ts'
import { Legend } from './legend.tsx'
import { modelOf, type Names, unitOf } from './model.ts'
import { plotHeld } from './picture.ts'
import { drawPlot, type Plot } from './plot.ts'
import { Readout, said } from './readout.tsx'
import { clamp } from './span.ts'
import { asTable, type Drawn, drawn, held, main, refresh, showSpan } from './state.ts'
import { ValueTable } from './table.tsx'

/** The line of the chosen parameter, as a chart or as a table. */
export function StationChart() {
  const w = words.value
  const { status, value, error } = drawn.state.value
  const { station, parameter } = main.value
  if (status === 'failed') return <Failed error={error} again={refresh} />
  const fits = value && value.of.station === station && value.of.parameter === parameter
  if (!fits) return <Waiting />
  const stale = status === 'loading'
  return (
    <div class={stale ? 'chart-body stale' : 'chart-body'} aria-busy={stale} data-points={value.line.length}>
      {asTable.value ? <ValueTable of={value} /> : <Figure of={value} />}
      {value.markedUntil !== null && (
        <p class="note">{w.t('station.marked_until', { when: w.moment(value.markedUntil) })}</p>
      )}
    </div>
  )
}

function Figure({ of: d }: { of: Drawn }) {
  const w = words.value
  const cursor = useSignal<Cursor>({ at: null, since: null })
  const pointed = useSignal<number | null>(null)
  if (d.line.length === 0 && d.bands.length === 0 && d.compared.every((c) => c.line.length === 0))
    return (
      <div class="empty chart-empty">
        <p>{w.t('station.no_values')}</p>
        <p>{w.t('station.no_values_hint')}</p>
      </div>
    )
  return (
    <figure class="station-chart">
      <Readout of={d} at={pointed.value} />
      <Canvas of={d} cursor={cursor} pointed={pointed} />
      <Legend of={d} />
    </figure>
  )
}

interface CanvasProps {
  of: Drawn
  cursor: Signal<Cursor>
  pointed: Signal<number | null>
}

function Canvas({ of: d, cursor, pointed }: CanvasProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  const spoken = useSignal('')
  const names: Names = { words: words.value, parameters: parameters.value, stations: stations.peek() }
  const limits = held.value
  const height = useMemo(() => (innerWidth < 760 ? 240 : innerWidth > 1700 ? 420 : 330), [])
  useEffect(() => {
    if (!box.current) return
    const p = drawPlot(box.current, modelOf(d, limits, names, height), {
      onSelect: (from, to) => showSpan({ ...clamp(from, to, Date.now()), name: null }),
      onPoint: (at) => {
        pointed.value = at
      },
    })
    plot.current = p
    plotHeld.value = { canvas: p.canvas, box: box.current }
    return () => {
      plotHeld.value = null
      p.remove()
    }
  }, [d, limits, language.value, parameters.value])
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    const deed = keyed(e, d.line, cursor.value, d.span, Date.now())
    if (!deed) return
    e.preventDefault()
    if ('span' in deed) {
      cursor.value = { at: null, since: null }
      showSpan(deed.span)
      return
    }
    cursor.value = deed.cursor
    const timeOf = (i: number | null) => (i === null ? null : (d.line[i]?.time ?? null))
    const at = timeOf(deed.cursor.at)
    plot.current?.point(at, timeOf(deed.cursor.since))
    spoken.value = at === null ? '' : said(d, limits, at, words.peek(), parameters.peek())
  }
  return (
    <>
      <div
        ref={box}
        class="plot"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys move through its points, as the hint says
        tabIndex={0}
        aria-roledescription={words.value.t('station.chart_role')}
        aria-label={describe(d)}
        aria-describedby="chart-keys"
        onKeyDown={onKeyDown}
      />
      <p class="heard" role="status">
        {spoken.value}
      </p>
    </>
  )
}

/** The chart in words. */
function describe(d: Drawn): string {
  const w = words.value
  const decimals = decimalsOf(d.of.parameter, parameters.value)
  const figure = (v: number) => w.measured(v, decimals)
  const values = d.line.map((p) => p.value)
  const last = values.at(-1)
  if (last === undefined) return w.t('station.no_values')
  return w.t('chart.label', {
    parameter: shortName(d.of.parameter, parameters.value, w),
    n: values.length,
    min: figure(Math.min(...d.line.map((p) => p.min))),
    max: figure(Math.max(...d.line.map((p) => p.max))),
    last: figure(last),
    unit: unitOf(d.of, { words: w, parameters: parameters.value, stations: stations.peek() }),
  })
}
