import 'uplot/dist/uPlot.min.css'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { stationOf } from '../../alert.ts'
import { worstParameter } from '../../history.ts'
import { decimalsOf, shortName } from '../../panels/figures.ts'
import { drawPlot } from '../../panels/plot.ts'
import { Link } from '../../parts/link.tsx'
import { columns } from '../../series.ts'
import { Source } from '../../source.ts'
import { language, now, parameters, stations, theme, words } from '../../state.ts'
import type { Alert } from '../../wire.ts'
import { means, rawRows } from './client.ts'
import { type Drawn, fromRaw, fromWindows, isOfValues, peakOf, type Span, spanOf, stepOf } from './series.ts'
import { PrintValues } from './sheet.tsx'

/** More raw rows than this are shown as means: they would be no more to be seen, only more to wait for. */
const MOST_RAW = 1500
const DAY = 86_400_000

/** The values around the alert. A silence of the station shows its parameter nearest to the limit: where the line ends. */
export function AlertChart({ alert: a }: { alert: Alert }) {
  const station = stationOf(a)
  const held = station ? stations.value.get(station) : undefined
  const code = a.parameter ?? (held ? worstParameter(held) : null)
  if (!station || !code) return null
  return <Loaded key={`${a.id} ${code}`} alert={a} station={station} code={code} />
}

interface Of {
  alert: Alert
  station: string
  code: string
}

function Loaded({ alert: a, station, code }: Of) {
  const w = words.value
  const source = useMemo(() => new Source<{ drawn: Drawn; span: Span }>(), [])
  // An open alert's chart grows by the minute.
  const minute = a.state === 'open' ? Math.floor(now.value / 60_000) : 0
  const load = () => {
    const span = spanOf(a, Date.now())
    void source.load(async (signal) => {
      const of = { station, parameter: code, from: span.from, to: span.to }
      const step = stepOf(span)
      const rows = span.to - span.from <= DAY ? await rawRows(of, MOST_RAW, signal) : null
      const drawn = rows ? fromRaw(rows) : fromWindows(await means(of, step.every, signal), step.ms)
      return { drawn, span }
    })
  }
  useEffect(load, [a.state, a.resolved_at, minute])
  const { status, value } = source.state.value
  const name = shortName(code, parameters.value, w)
  return (
    <figure class="chart" data-points={value?.drawn.points.length ?? 0}>
      <figcaption>
        {w.t(value && !value.drawn.raw ? `chart.around_${stepName(value.drawn)}` : 'chart.around', { parameter: name })}
      </figcaption>
      {value && value.drawn.points.length > 0 ? (
        <>
          <Canvas alert={a} code={code} drawn={value.drawn} span={value.span} />
          <Link page="station" query={inFull(station, code, value.span)} class="in-full">
            {w.t('chart.in_full')}
          </Link>
          <PrintValues alert={a} code={code} drawn={value.drawn} span={value.span} />
        </>
      ) : (
        <p class="message" role="status">
          {w.t(status === 'failed' ? 'chart.failed' : value ? 'chart.nothing_around' : 'chart.loading')}
          {status === 'failed' && (
            <button type="button" class="link" onClick={load}>
              {w.t('chart.retry')}
            </button>
          )}
        </p>
      )}
    </figure>
  )
}

/** The page of the station with the same time before the reader. */
function inFull(station: string, parameter: string, s: Span): Record<string, string> {
  return { id: station, p: parameter, from: new Date(s.from).toISOString(), to: new Date(s.to).toISOString() }
}

function stepName(d: Drawn): '5m' | '1h' | '1d' {
  if (d.step <= 5 * 60_000) return '5m'
  return d.step < DAY ? '1h' : '1d'
}

function Canvas({ alert: a, code, drawn, span }: { alert: Alert; code: string; drawn: Drawn; span: Span }) {
  const box = useRef<HTMLDivElement>(null)
  const w = words.value
  const station = stationOf(a)
  const latest = station ? stations.value.get(station)?.latest[code] : undefined
  const limits = isOfValues(a) && a.limit !== null ? [a.limit] : [latest?.limit_min, latest?.limit_max]
  const lines = limits.filter((l) => typeof l === 'number')
  const decimals = decimalsOf(code, parameters.value)
  const peak = peakOf(a, drawn, span)
  const marks = peak ? [...drawn.marks, peak] : drawn.marks
  useEffect(() => {
    if (!box.current) return
    const band = [span.begin, span.end] as const
    const dates = span.to - span.from > DAY
    const p = drawPlot(box.current, columns(drawn.points, drawn.step), {
      limits: lines,
      decimals,
      words: words.peek(),
      band,
      marks,
      dates,
    })
    return () => p.remove()
  }, [drawn, a.limit, peak?.value, theme.value, language.value])
  const values = drawn.points.map((p) => p.value)
  const figure = (v: number) => w.measured(v, decimals)
  const label = w.t('chart.label', {
    parameter: shortName(code, parameters.value, w),
    n: values.length,
    min: figure(Math.min(...values)),
    max: figure(Math.max(...values)),
    last: figure(values.at(-1) ?? 0),
    unit: a.unit ?? latest?.unit ?? '',
  })
  return (
    <>
      <div ref={box} class="plot" role="img" aria-label={label} />
      <Legend kinds={new Set(marks.map((m) => m.kind))} raw={drawn.raw} />
    </>
  )
}

const SIGNS = {
  peak: 'M6 10 1.5 2h9Z',
  late: 'M6 1l5 5-5 5-5-5Z',
  revised: 'M2 2h8v8H2Z',
} as const

/** What the signs on the chart mean; only those that are there. */
function Legend({ kinds, raw }: { kinds: ReadonlySet<string>; raw: boolean }) {
  const w = words.value
  return (
    <ul class="marks-legend">
      <li>
        <i class="band" />
        {w.t('mark.band')}
      </li>
      {(['peak', 'late', 'revised'] as const).map(
        (k) =>
          kinds.has(k) && (
            <li key={k}>
              <svg viewBox="0 0 12 12" aria-hidden="true" class={k}>
                <path d={SIGNS[k]} />
              </svg>
              {w.t(`mark.${k}`)}
            </li>
          ),
      )}
      {!raw && <li>{w.t('mark.means_only')}</li>}
    </ul>
  )
}
