// What the fixture remembers: a year of every parameter, the papers of each station, its books. The same time has the same value
// whenever it is asked for.

const CYCLE = 300_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const RANK = ['none', 'viewer', 'officer', 'admin']
const UNITS = { s: 1000, m: 60_000, h: HOUR, d: DAY }
const MOST = 10_000

export class Archive {
  constructor(world, now) {
    this.world = world
    this.now = now
  }

  // Answers [status, body], or undefined for what is not its business.
  answer(method, [kind, id, rest], query, _body, role) {
    if (method !== 'GET' || kind !== 'stations' || !rest) return undefined
    const station = this.world.stations.find((s) => s.id === id)
    if (!station) return [404, { title: 'Not Found', status: 404 }]
    if (rest === 'passport') return [200, this.passport(station, role)]
    if (rest === 'readings') return [200, this.readings(station, query)]
    return undefined
  }

  readings(station, query) {
    const parameter = query.get('parameter')
    const from = Date.parse(query.get('cursor') || query.get('from') || new Date(Date.now() - DAY).toISOString())
    const to = Math.min(Date.parse(query.get('to') ?? new Date().toISOString()), Date.now())
    const most = Math.min(Number(query.get('limit') ?? 1000), MOST)
    if (!station.latest[parameter]) return { items: [], next_cursor: null }
    const every = query.get('every')
    if (every) return { items: this.windows(station, parameter, { from, to, every, query }), next_cursor: null }
    const items = []
    for (let t = Math.ceil(from / CYCLE) * CYCLE; t < to; t += CYCLE) {
      const row = this.row(station, parameter, t)
      if (!row || (query.get('only') === 'marked' && row.status === 'measuring' && row.flags.length === 0)) continue
      if (items.length === most) return { items, next_cursor: row.measured_at }
      items.push(row)
    }
    return { items, next_cursor: null }
  }

  windows(station, parameter, { from, to, every, query }) {
    const step = spanOf(every)
    const offset = spanOf(query.get('offset') ?? '0s')
    const fn = query.get('fn') ?? 'mean'
    const out = []
    for (let t = Math.floor((from - offset) / step) * step + offset; t < to; t += step) {
      const values = []
      for (let u = Math.ceil(Math.max(t, from) / CYCLE) * CYCLE; u < Math.min(t + step, to); u += CYCLE) {
        const row = this.row(station, parameter, u)
        if (row?.value !== null && row) values.push(row.value)
      }
      if (values.length > 0)
        out.push({ time: new Date(t).toISOString(), value: reduce(fn, values), count: values.length })
    }
    return out
  }

  // One reading, or null where none came.
  row(station, parameter, t) {
    const ago = (this.now - t) / HOUR
    if (station.state === 'offline' && ago < 3) return null
    if (ago > 14 && ago < 15) return null
    const status = deviceAt(station, parameter, t, ago)
    const value = this.value(station, parameter, t, ago)
    const i = Math.floor(t / CYCLE)
    const flags = i % 211 === 7 ? ['late'] : i % 307 === 12 ? ['late', 'revised'] : []
    return {
      measured_at: new Date(t).toISOString(),
      value: status === 'measuring' ? value : null,
      raw: value,
      status,
      flags,
    }
  }

  value(station, parameter, t, ago) {
    const base = station.latest[parameter].value
    const rise = station.state === 'exceed' ? 0.55 + 0.45 / (1 + Math.exp(ago - 4)) : 1
    const day = 1 + 0.12 * Math.sin((t / DAY) * 2 * Math.PI)
    const season = 1 + 0.1 * Math.sin((t / (60 * DAY)) * 2 * Math.PI)
    const storm = Math.sin(t / (9.7 * DAY)) > 0.985 ? 1.5 : 1
    const wide = parameter === 'ph' ? 0.15 : 1
    const factor = 1 + wide * (rise * day * season * storm * (1 + 0.05 * (noise(t + station.id.length) - 0.5)) - 1)
    return Number((base * factor).toFixed(3))
  }

  passport(s, role) {
    const at = (days) => new Date(this.now + days * DAY).toISOString()
    const limit = (parameter, from, to, min, max, kf) => ({
      parameter,
      from,
      to,
      min,
      max,
      set: 'qcvn40-2011',
      reference: `QCVN 40:2011/BTNMT, A, Kq 1.1, Kf ${kf}`,
      legal: 'Circular 47/2011/TT-BTNMT',
      verified: false,
    })
    const limits = s.parameters.flatMap((code) => {
      const v = s.latest[code]
      if (v.limit_max === null) return []
      const changed =
        code === 'cod' ? new Date(Math.floor(this.now / DAY) * DAY - 3 * DAY - 7 * HOUR).toISOString() : null
      const now = limit(code, changed, '2031-12-31T17:00:00Z', v.limit_min, v.limit_max, '0.9')
      return changed ? [limit(code, '2012-02-14T17:00:00Z', changed, null, 82.5, '1.0'), now] : [now]
    })
    return {
      id: s.id,
      cycle_seconds: CYCLE / 1000,
      aliases: [s.id.toUpperCase().replaceAll('-', '_')],
      receiving_water: { id: 'dong-nai', name: { vi: 'Sông Đồng Nai', en: 'Dong Nai River' } },
      permit: {
        number: '117/GPMT-BTNMT',
        authority: 'Bộ Tài nguyên và Môi trường',
        issued: at(-800),
        expires: at(1700),
      },
      instruments: [
        {
          serial: 'S-2291',
          model: 'UVAS plus sc',
          parameters: ['cod'],
          calibrated: at(-200),
          calibration_due: at(-12),
          overdue: true,
        },
        {
          serial: 'S-0417',
          model: 'SOLITAX sc',
          parameters: ['tss'],
          calibrated: at(-60),
          calibration_due: at(120),
          overdue: false,
        },
        {
          serial: 'S-3105',
          model: 'pHD sc',
          parameters: ['ph', 'temp'],
          calibrated: at(-20),
          calibration_due: at(70),
          overdue: false,
        },
      ],
      ranges: {},
      limits,
      inner:
        RANK.indexOf(role) >= RANK.indexOf('officer')
          ? {
              camera: 'https://camera.example/outfall',
              gateways: [{ id: `gw-${s.park || 'own'}`, connected: true, last_seen: new Date().toISOString() }],
            }
          : null,
    }
  }
}

// Calibration each week, and a fault of the COD probe yesterday.
function deviceAt(station, parameter, t, ago) {
  if (parameter !== 'cod') return 'measuring'
  if (station.state === 'fault' && ago < 2) return 'fault'
  if (ago > 20 && ago < 21.2) return 'fault'
  if (ago > 9 && ago < 10.1) return 'calibrating'
  return Math.floor(t / HOUR) % 168 === 40 ? 'calibrating' : 'measuring'
}

function spanOf(text) {
  const [, n, unit] = /^(\d+)([smhd])$/.exec(text)
  return Number(n) * UNITS[unit]
}

function reduce(fn, values) {
  if (fn === 'min') return Math.min(...values)
  if (fn === 'max') return Math.max(...values)
  return Number((values.reduce((a, b) => a + b, 0) / values.length).toFixed(4))
}

function noise(t) {
  const x = Math.sin(t / 7919) * 43758.5453
  return x - Math.floor(x)
}
