import { useEffect, useRef } from 'preact/hooks'
import 'uplot/dist/uPlot.min.css'
import { history, loadAgain, parameter } from '../history.ts'
import type { Words } from '../i18n/format.ts'
import { columns, type Point } from '../series.ts'
import { language, parameters, theme, words } from '../state.ts'
import type { Latest, Station } from '../wire.ts'
import { decimalsOf, shortName } from './figures.ts'
import { drawPlot, type Plot } from './plot.ts'

/** A day of the chosen parameter against its limits. */
export function Chart({ station }: { station: Station }) {
  const w = words.value
  const code = parameter.value
  if (!code) return null
  const held = history.value
  const title = w.t('chart.title', { parameter: shortName(code, parameters.value, w) })
  return (
    <figure class="chart" data-points={held.points.length}>
      <figcaption>{title}</figcaption>
      {held.status === 'ready' && held.points.length > 0 ? (
        <Canvas station={station} code={code} points={held.points} />
      ) : (
        <Message status={held.status} />
      )}
    </figure>
  )
}

function Message({ status }: { status: 'loading' | 'ready' | 'failed' }) {
  const w = words.value
  const key = status === 'ready' ? 'chart.empty' : status === 'failed' ? 'chart.failed' : 'chart.loading'
  return (
    <p class="message" role="status">
      {w.t(key)}
      {status === 'failed' && (
        <button type="button" class="link" onClick={loadAgain}>
          {w.t('chart.retry')}
        </button>
      )}
    </p>
  )
}

function Canvas({ station, code, points }: { station: Station; code: string; points: readonly Point[] }) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  const latest = station.latest[code]
  const min = latest?.limit_min ?? null
  const max = latest?.limit_max ?? null
  const decimals = decimalsOf(code, parameters.value)
  // The points are left out: they follow by update, without a new plot.
  useEffect(() => {
    if (!box.current) return
    const limits = [min, max].filter((l) => l !== null)
    const p = drawPlot(box.current, columns(points), { limits, decimals, words: words.peek() })
    plot.current = p
    return () => p.remove()
  }, [station.id, code, min, max, decimals, theme.value, language.value])
  useEffect(() => plot.current?.update(columns(points)), [points])
  return <div ref={box} class="plot" role="img" aria-label={describe(code, points, latest, words.value)} />
}

/** The chart in words. */
function describe(code: string, points: readonly Point[], latest: Latest | undefined, w: Words): string {
  const decimals = decimalsOf(code, parameters.value)
  const values = points.map((p) => p.value)
  const figure = (v: number) => w.measured(v, decimals)
  return w.t('chart.label', {
    parameter: shortName(code, parameters.value, w),
    n: points.length,
    min: figure(Math.min(...values)),
    max: figure(Math.max(...values)),
    last: figure(values.at(-1) ?? 0),
    unit: latest?.unit ?? '',
  })
}
