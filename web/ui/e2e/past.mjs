// The past of the invented province: the stations of its world, each in trouble at hours of its own.
const STATES = ['offline', 'exceed', 'fault', 'calibrating', 'no_discharge', 'preparing', 'tendency', 'good']
const HOUR = 3_600_000

// Answers GET playback and playback/overview like the program.
export function pastOf(world, [, kind], query) {
  const every = query.get('every') === '3h' ? 3 * HOUR : Number.parseInt(query.get('every'), 10) * 1000
  const from = Math.floor(Date.parse(query.get('from')) / every) * every
  const n = Math.max(1, Math.ceil((Math.min(Date.parse(query.get('to')), Date.now()) - from) / every))
  const grid = { from: iso(from), to: iso(from + n * every), every_seconds: every / 1000 }
  const times = Array.from({ length: n }, (_, k) => from + k * every)
  if (kind === 'overview') return { ...grid, open: overview(times) }
  const one = query.get('station')
  const stations = world.stations.filter((s) => !one || s.id === one)
  const parameters = ['cod']
  const index = stations.map((s) => times.map((t) => indexAt(s, t)))
  const state = index.map((row) => row.map((v) => STATES.indexOf(v >= 1 ? 'exceed' : v >= 0.7 ? 'preparing' : 'good')))
  const answer = {
    ...grid,
    stations: stations.map((s) => s.id),
    parameters,
    states: STATES,
    state,
    index,
    worst: index.map((row) => row.map(() => 0)),
    alerts: world.alerts.filter((a) => Date.parse(a.opened_at) < from + n * every),
    more_alerts: false,
  }
  if (!one) return answer
  return {
    ...answer,
    values: index.map((row) => row.map((v) => v * 75)),
    ratios: index,
    measured: index.map(() => times.map((t) => t / 1000 - 60)),
  }
}

function indexAt(s, t) {
  const phase = [...s.id].reduce((sum, c) => sum + c.charCodeAt(0), 0)
  return Math.round((0.55 + 0.55 * Math.sin(t / (5 * HOUR) + phase)) * 1000) / 1000
}

function overview(times) {
  const wave = (most, slow) => times.map((t) => Math.max(0, Math.round(most * Math.sin(t / (slow * HOUR)))))
  return { info: times.map(() => 0), warning: wave(9, 11), critical: wave(5, 17), emergency: wave(1, 40) }
}

function iso(at) {
  return new Date(at).toISOString()
}
