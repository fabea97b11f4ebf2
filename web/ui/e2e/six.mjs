// Invented figures of data quality, in the shapes of the API: most stations meet everything, some miss something each.
const HOUR = 3_600_000
const PARAMETERS = 7
const CYCLES = 12 // an hour

export class Six {
  constructor(world) {
    this.world = world
  }

  // Answers [status, body], or undefined for what is not its business.
  answer(method, path, query) {
    const [kind, id, act] = path
    if (method !== 'GET') return undefined
    const to = Math.ceil(Date.parse(query.get('to') ?? '') / HOUR) * HOUR
    const from = Math.floor(Date.parse(query.get('from') ?? '') / HOUR) * HOUR
    if (kind === 'stations' && act === 'quality') return [200, this.strip(id, from, to, query.get('every') === '24h')]
    if (kind !== 'quality') return undefined
    if (id === 'gaps') return [200, this.gaps(from, to, query.get('station'), query.get('park'))]
    return [200, query.get('format') === 'csv' ? 'level,station,park\r\ntotal,,\r\n' : this.report(from, to)]
  }

  // How bad a station is: 0 = meets everything.
  fault(i) {
    return i % 6 === 2 ? 1 + (((i / 6) | 0) % 5) : 0
  }

  figures(i, from, to) {
    const due = Math.round(((to - from) / HOUR) * CYCLES * PARAMETERS)
    const bad = this.fault(i)
    const share = { 1: 0.62, 2: 0.9, 3: 0 }[bad] ?? 0.996 - (i % 3) / 1000
    const covered = Math.round(due * share)
    return sumOf([{ due, covered, bad }])
  }

  report(from, to) {
    const parts = this.world.stations.map((s, i) => ({ s, bad: this.fault(i), f: this.figures(i, from, to) }))
    const stations = parts.map(({ s, f, bad }) => ({
      station: s.id,
      park: s.park,
      since: iso(from),
      silent_seconds: bad === 3 ? 190_000 : 0,
      ...f,
    }))
    const ids = [...new Set(stations.map((s) => s.park))].sort()
    const of = (some) => sumOf(some.map((s) => ({ ...partsOf(s), todo: s.todo })))
    return {
      from: iso(from),
      to: iso(to),
      counted_from: null,
      total: shared(of(stations), stations.length),
      parks: ids.map((park) => {
        const some = stations.filter((s) => s.park === park)
        return { park, stations: some.length, ...of(some) }
      }),
      stations,
      unassigned: clean(4, 0, 4, 0, 0, 0),
    }
  }

  gaps(from, to, station, park) {
    const items = []
    for (const [i, s] of this.world.stations.entries()) {
      if (this.fault(i) === 0 || (station && s.id !== station) || (park && s.park !== park)) continue
      for (let n = 0; n < 3; n++) {
        const seconds = 1500 + ((i * 7919 + n * 104_729) % 20_000)
        const begin = from + (((i + 3 * n) % 20) / 20) * (to - from - seconds * 1000)
        items.push({
          station: s.id,
          park: s.park,
          from: iso(begin),
          to: iso(begin + seconds * 1000),
          seconds,
          missing: Math.floor(seconds / 300) * PARAMETERS,
          open: n === 0 && this.fault(i) === 3,
        })
      }
    }
    items.sort((a, b) => b.seconds - a.seconds)
    return {
      from: iso(from),
      to: iso(to),
      items,
      count: items.length,
      seconds: items.reduce((n, g) => n + g.seconds, 0),
    }
  }

  strip(id, from, to, daily) {
    const i = this.world.stations.findIndex((s) => s.id === id)
    if (i < 0) return { title: 'Not Found', status: 404 }
    const every = daily ? 24 * HOUR : HOUR
    const due = (every / HOUR) * CYCLES * PARAMETERS
    const out = { station: id, from: iso(from), to: iso(to), every_seconds: every / 1000 }
    Object.assign(out, { expected: [], received: [], right: [], unknown: [] })
    for (let at = from, n = 0; at < to; at += every, n++) {
      const share = this.fault(i) === 0 ? 1 : [1, 1, 1, 0.4, 0, 0, 0.8, 1, 0.1][(n + i) % 9]
      out.expected.push(due)
      out.received.push(Math.round(due * share))
      out.right.push(Math.round(due * share))
      out.unknown.push(false)
    }
    return out
  }
}

const iso = (at) => new Date(at).toISOString()
const partsOf = (s) => ({ due: s.complete.parts.expected, covered: s.complete.parts.covered, bad: 0, from: s })

function figure(part, of, target, parts, more = true) {
  const value = of > 0 ? part / of : null
  return {
    value,
    target,
    ok: value === null ? null : value >= target && more,
    reason: value === null ? 'no_data' : null,
    parts,
  }
}

function clean(received, stored, quarantined, duplicate, revised, suspect) {
  const rate = received > 0 ? quarantined / received : null
  return { received, stored, quarantined, duplicate, revised, suspect, quarantine_rate: rate, quarantine_most: 0.01 }
}

// The figures of one made-up station, or of several that were made before.
function sumOf(all) {
  const add = (of) => all.reduce((n, x) => n + of(x), 0)
  const due = add((x) => x.due)
  const got = add((x) => x.covered)
  const wrong = add((x) =>
    x.from ? x.from.correct.parts.readings - x.from.correct.parts.right : x.bad === 2 ? Math.round(x.covered / 9) : 0,
  )
  const held = add((x) => (x.from ? x.from.clean.parts.quarantined : x.bad === 4 ? Math.round(x.covered / 40) : 0))
  const odd = add((x) => (x.from ? x.from.uniform.parts.unmapped_parameters : x.bad === 4 ? 12 : 0))
  const seen = add((x) => (x.from ? x.from.alive.parts.alive_now : x.bad === 3 ? 0 : 1))
  const delay = all.length === 1 && all[0].bad === 5 ? 420 : 10
  const value = due > 0 ? got / due : null
  const f = {
    correct: figure(got - wrong, got, 0.95, {
      ...{
        readings: got,
        right: got - wrong,
        fault: wrong,
        calibrating: 0,
        no_number: 0,
        unit_unknown: 0,
        out_of_range: 0,
        suspect: 0,
      },
      ...{
        calibration_overdue: 0,
        parameters_in_date: 0,
        parameters_overdue: 0,
        parameters_unknown: PARAMETERS * all.length,
      },
    }),
    complete: figure(got, due, 0.95, {
      ...{ expected: due, received: got, covered: got, missing: due - got, late: Math.round(got / 50), floor: 0.8 },
      above_floor: value === null ? null : value >= 0.8,
    }),
    clean: figure(got, got + held, 0.98, clean(got + held, got, held, 0, 0, 0), held / (got + held || 1) < 0.01),
    alive: figure(
      seen,
      all.length,
      0.95,
      {
        ...{ alive_seconds: seen * 86_400, known_seconds: all.length * 86_400, stations: all.length, alive_now: seen },
        ...{ live: got, delay_p95_seconds: got > 0 ? delay : null, delay_most_seconds: 300 },
      },
      delay <= 300,
    ),
    uniform: figure(got, got + odd, 1, {
      ...{ records: got + odd, uniform: got, unit_unknown: 0, clock: 0, undeclared: 0, status_unknown: 0 },
      ...{ unmapped_parameters: odd, unmapped_stations: 0, unit_converted: 0 },
    }),
    shared: figure(all.length, all.length, 1, {
      ...{ stations: all.length, published: all.length, availability: null, availability_reason: 'of_the_service' },
      ...{ availability_target: 0.995, available_seconds: 0, observed_seconds: 0, consumers: null },
    }),
  }
  return { ...f, todo: all[0]?.todo ? merged(all) : todoOf(f, all[0]) }
}

function shared(f, stations) {
  const parts = {
    ...f.shared.parts,
    availability: 0.9987,
    availability_reason: null,
    available_seconds: 86_290,
    observed_seconds: 86_400,
    consumers: 2,
  }
  return { ...f, shared: { ...f.shared, parts: { ...parts, stations, published: stations } } }
}

function todoOf(f, { bad }) {
  const of = (code, figure, count, parameters = []) => ({ code, figure, count, stations: 1, parameters })
  const unknown = of('calibration_unknown', 'correct', PARAMETERS, ['ph', 'cod', 'tss', 'nh4_n'])
  const missing = f.complete.parts.missing
  switch (bad) {
    case 1:
      return [of('below_floor', 'complete', missing), of('parameter_missing', 'complete', 288, ['nh4_n']), unknown]
    case 2:
      return [of('incomplete', 'complete', missing), of('device_fault', 'correct', f.correct.parts.fault), unknown]
    case 3:
      return [of('silent', 'alive', 190_000), of('no_data', 'complete', missing), unknown]
    case 4:
      return [of('quarantined', 'clean', f.clean.parts.quarantined), of('unmapped_parameter', 'uniform', 12), unknown]
    case 5:
      return [of('slow', 'alive', 420), unknown]
    default:
      return [unknown]
  }
}

function merged(all) {
  const by = new Map()
  for (const t of all.flatMap((x) => x.todo)) {
    const was = by.get(t.code)
    if (was) Object.assign(was, { count: was.count + t.count, stations: was.stations + 1 })
    else by.set(t.code, { ...t })
  }
  const last = (t) => Number(t.code === 'calibration_unknown')
  return [...by.values()].sort((a, b) => last(a) - last(b))
}
