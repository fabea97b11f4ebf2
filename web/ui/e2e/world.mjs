// An invented province: the built-in registry's stations with made-up values that move. The same seed makes the same world.
import { parse } from 'yaml'
import { pastOf } from './past.mjs'

const PARAMETERS = [
  ['flow_in', 'Lưu lượng đầu vào', 'Inflow', 'm³/h', 'Q in', 1, 210, null],
  ['flow_out', 'Lưu lượng đầu ra', 'Outflow', 'm³/h', 'Q out', 1, 190, null],
  ['ph', 'pH', 'pH', '', 'pH', 2, 7.2, [6, 9]],
  ['temp', 'Nhiệt độ', 'Temperature', '°C', 'T', 1, 29.5, [null, 40]],
  ['cod', 'Nhu cầu oxy hóa học (COD)', 'Chemical oxygen demand (COD)', 'mg/L', 'COD', 1, 27, [null, 74.25]],
  ['tss', 'Tổng chất rắn lơ lửng (TSS)', 'Total suspended solids (TSS)', 'mg/L', 'TSS', 1, 17, [null, 49.5]],
  ['nh4_n', 'Amoni (tính theo N)', 'Ammonium (as N)', 'mg/L', 'NH4-N', 2, 1.7, [null, 4.95]],
]
const REFERENCE = 'QCVN 40:2011/BTNMT, cột A, Kq 1.1, Kf 0.9'
const STATES = [
  'exceed',
  'exceed',
  'preparing',
  'tendency',
  'tendency',
  'fault',
  'calibrating',
  'no_discharge',
  'offline',
]

export class World {
  sequence = 0
  epoch = 'FIXTURE'
  events = []

  constructor(registry, now) {
    const r = parse(registry)
    this.title = r.title
    this.random = generator(7)
    this.stations = r.stations.map((s, i) => this.station(s, i, now))
    this.rivers = { type: 'FeatureCollection', features: r.rivers.map(river) }
    this.parks = r.parks.map(({ simulated_m3_day, ...p }) => this.park(p))
    this.alerts = [...this.stations.flatMap((s) => this.alertsOf(s, now)), ...outage(this, now), over(this, now)]
    this.told = new Map(this.alerts.map((a) => [a.id, timeline(a)]))
  }

  station(s, i, now) {
    const state = i % 5 === 2 ? STATES[Math.floor(i / 5) % STATES.length] : 'good'
    const out = {
      id: s.id,
      name: s.name,
      park: s.park,
      kind: s.kind,
      location: s.location,
      parameters: s.parameters,
      state,
    }
    const factor = { exceed: 3.1, preparing: 2.2, tendency: 1.6 }[state] ?? 0.8 + 0.5 * this.random()
    const at = new Date(state === 'offline' ? now - 3 * 3_600_000 : now).toISOString()
    out.latest = Object.fromEntries(
      s.parameters.map((code) => [code, this.latest(code, code === 'cod' ? factor : 1, state, at)]),
    )
    return indexed(out)
  }

  latest(code, factor, state, at) {
    const p = PARAMETERS.find((row) => row[0] === code)
    const base = code === 'flow_out' && state === 'no_discharge' ? 0 : p[6] * factor * (0.92 + 0.16 * this.random())
    const [min, max] = p[7] ?? [null, null]
    const status = code === 'cod' && (state === 'fault' || state === 'calibrating') ? state : 'measuring'
    const flags = code === 'tss' && this.random() < 0.05 ? ['spike'] : []
    return withRatio({
      value: round(base, p[5]),
      unit: p[3],
      status,
      flags,
      measured_at: at,
      received_at: at,
      limit: null,
      limit_min: min,
      limit_max: max,
      ratio: null,
    })
  }

  park(p) {
    const members = this.stations.filter((s) => s.park === p.id)
    return { ...p, stations: members.map((s) => s.id), state: members[0]?.state ?? 'offline', index: null, latest: {} }
  }

  alertsOf(s, now) {
    if (s.state !== 'exceed' && s.state !== 'preparing') return []
    const v = s.latest.cod
    const opened = new Date(now - Math.floor(this.random() * 5 * 3_600_000)).toISOString()
    const park = this.parks.find((p) => p.id === s.park)
    return [
      {
        id: `fixture-${s.id}`,
        revision: 1,
        rule: 'over-limit',
        rule_name: { vi: 'Giá trị tức thời so với giới hạn', en: 'Instant value against its limit' },
        severity: v.ratio > 1.2 ? 'emergency' : v.ratio > 1 ? 'critical' : 'warning',
        state: 'open',
        station: { id: s.id, name: s.name, location: s.location },
        park: { id: park.id, name: park.name, location: park.location },
        parameter: 'cod',
        basis: 'value',
        value: v.value,
        unit: 'mg/L',
        limit: v.limit,
        ratio: v.ratio,
        limit_reference: REFERENCE,
        limit_verified: false,
        opened_at: opened,
        measured_at: v.measured_at,
        late: false,
        flags: [],
        summary: {
          vi: `Cảnh báo vận hành: COD ${String(v.value).replace('.', ',')} mg/L tại ${s.name.vi}`,
          en: `Operational warning: COD ${v.value} mg/L at ${s.name.en}`,
        },
        url: '',
        peak_value: v.value,
        peak_severity: 'critical',
        notified: true,
      },
    ]
  }

  hotspots() {
    const bad = this.stations.filter((s) => s.state === 'exceed').slice(0, 2)
    const features = bad.map((s, i) => ({
      type: 'Feature',
      id: `spot-${i}`,
      geometry: { type: 'Polygon', coordinates: [circle(s.location, 0.03)] },
      properties: {
        id: `spot-${i}`,
        rank: i + 1,
        score: round(2.6 - i * 0.4, 3),
        z: null,
        p: null,
        parameter: 'cod',
        since: s.latest.cod.measured_at,
        trend: null,
        stations: [s.id, this.stations[this.stations.indexOf(s) + 1].id],
        reason: { vi: 'Các trạm vượt giới hạn nằm gần nhau.', en: 'Stations above their limit lie near each other.' },
      },
    }))
    return { type: 'FeatureCollection', features }
  }

  snapshot(now) {
    return {
      type: 'snapshot',
      sequence: ++this.sequence,
      epoch: this.epoch,
      time: new Date(now).toISOString(),
      stations: this.stations,
      alerts: this.alerts.filter((a) => a.state === 'open'),
      hotspots: this.hotspots(),
    }
  }

  // One cycle: new values everywhere, and an alert that opens or ends now and then.
  step(now) {
    const at = new Date(now).toISOString()
    const items = []
    for (const s of this.stations) {
      if (s.state === 'offline') continue
      for (const [code, v] of Object.entries(s.latest)) {
        const drift = 1 + 0.03 * (this.random() - 0.5)
        const decimals = PARAMETERS.find((row) => row[0] === code)[5]
        s.latest[code] = withRatio({ ...v, value: round(v.value * drift, decimals), measured_at: at, received_at: at })
        const { value, unit, status, flags, ratio } = s.latest[code]
        items.push({ station: s.id, parameter: code, value, unit, status, flags, measured_at: at, ratio })
      }
      indexed(s)
    }
    const frames = [{ type: 'readings', sequence: ++this.sequence, items }]
    const a = this.alerts[Math.floor(this.random() * this.alerts.length)]
    if (a?.state === 'open' && a.parameter && this.random() < 0.4) {
      const v = this.stations.find((s) => s.id === a.station.id).latest.cod
      Object.assign(a, { revision: a.revision + 1, value: v.value, ratio: v.ratio, measured_at: v.measured_at })
      frames.push({ type: 'alert', sequence: ++this.sequence, alert: { ...a } })
    }
    return frames
  }

  get(path, query) {
    const [kind, id] = path
    if (kind === 'info') return { title: this.title, version: 'fixture', role: 'viewer', demo: true }
    if (kind === 'parameters')
      return list(
        PARAMETERS.map(([code, vi, en, unit, symbol, decimals]) => ({
          code,
          name: { vi, en },
          unit,
          symbol,
          decimals,
        })),
      )
    if (kind === 'parks') return list(this.parks)
    if (kind === 'hotspots') return this.hotspots()
    if (kind === 'playback') return pastOf(this, path, query)
    if (kind === 'rivers') return this.rivers
    if (kind === 'basemap') return { tiles: null, attribution: '', detail: [] }
    if (kind === 'stations') return id ? this.stations.find((s) => s.id === id) : list(this.stations)
    if (kind === 'alerts' && id) return this.detail(id)
    return kind === 'alerts' ? list(this.pick(query)) : undefined
  }

  pick(query) {
    const want = (name, of) => !query.get(name) || query.get(name) === of
    return this.alerts.filter(
      (a) =>
        want('state', a.state) &&
        want('severity', a.severity) &&
        want('park', a.park?.id) &&
        want('station', a.station.id) &&
        want('parameter', a.parameter) &&
        want('rule', a.rule) &&
        (!query.get('from') || a.opened_at >= query.get('from')),
    )
  }

  detail(id) {
    const a = this.alerts.find((x) => x.id === id)
    if (!a) return undefined
    return { ...a, timeline: this.told.get(id) }
  }

  // What somebody did about an alert; answers with the frame that tells everybody.
  change(id, type, by, changes, comment) {
    const a = this.alerts.find((x) => x.id === id)
    Object.assign(a, changes)
    const at = new Date().toISOString()
    const { severity, state, value, ratio, revision } = a
    this.told.get(id).push({ type, at, event_at: at, severity, state, value, ratio, revision, by, comment })
    return { type: 'alert', sequence: ++this.sequence, alert: { ...a } }
  }
}

function river({ id, name, line, into = null, precision_km }) {
  const geometry = { type: 'LineString', coordinates: line }
  return { type: 'Feature', id, geometry, properties: { id, name, into, precision_km } }
}

function timeline(a) {
  const change = {
    severity: a.severity,
    state: 'open',
    value: a.value,
    ratio: a.ratio,
    revision: 1,
    summary: a.summary,
  }
  const at = (s) => new Date(Date.parse(a.opened_at) + s * 1000).toISOString()
  const notice = { webhook: 'wh1', name: 'Sở NN&MT', event: 'alert.opened', delivery: 'd1' }
  const opened = { type: 'alert.opened', at: a.opened_at, event_at: a.opened_at, ...change, severity: 'warning' }
  if (a.inhibited_by) return [opened]
  return [
    opened,
    {
      type: 'notice',
      at: at(1),
      notice: { ...notice, attempt: 1, status: 503, result: 'retrying', error: 'HTTP 503' },
    },
    { type: 'notice', at: at(7), notice: { ...notice, attempt: 2, status: 200, result: 'delivered' } },
    { type: 'alert.updated', at: at(900), event_at: at(899), ...change, revision: 2 },
  ]
}

// A whole park is silent, and one of its stations under it.
function outage(world, now) {
  const off = world.stations.find((s) => s.state === 'offline')
  const park = world.parks.find((p) => p.id === off.park)
  const at = new Date(now - 3 * 3_600_000).toISOString()
  const none = { parameter: null, value: null, unit: null, limit: null, ratio: null, peak_value: null }
  const base = {
    revision: 1,
    rule: 'silent',
    rule_name: { vi: 'Mất kết nối', en: 'Offline' },
    severity: 'warning',
    state: 'open',
    park: { id: park.id, name: park.name, location: park.location },
    basis: 'silence',
    ...none,
    limit_reference: '',
    limit_verified: false,
    opened_at: at,
    measured_at: at,
    late: false,
    flags: [],
    url: '',
    peak_severity: 'warning',
  }
  return [
    {
      ...base,
      id: 'fixture-outage',
      scope: 'park',
      scope_id: park.id,
      station: { id: '', name: { vi: '', en: '' } },
      notified: true,
      summary: {
        vi: `Mất kết nối: không nhận được dữ liệu từ mọi trạm của ${park.name.vi}`,
        en: `Offline: no data from any station of ${park.name.en}`,
      },
    },
    {
      ...base,
      id: 'fixture-silent',
      station: { id: off.id, name: off.name, location: off.location },
      inhibited_by: 'fixture-outage',
      summary: { vi: `Mất kết nối: ${off.name.vi}`, en: `Offline: ${off.name.en}` },
    },
  ]
}

// One that has ended.
function over(world, now) {
  const s = world.stations[7]
  const at = (h) => new Date(now - h * 3_600_000).toISOString()
  return {
    id: 'fixture-over',
    revision: 3,
    rule: 'over-limit',
    rule_name: { vi: 'Giá trị tức thời so với giới hạn', en: 'Instant value against its limit' },
    severity: 'critical',
    state: 'resolved',
    station: { id: s.id, name: s.name, location: s.location },
    park: { id: s.park, name: world.parks.find((p) => p.id === s.park).name },
    parameter: 'cod',
    basis: 'value',
    value: 62.4,
    unit: 'mg/L',
    limit: 74.25,
    ratio: 0.84,
    limit_reference: REFERENCE,
    limit_verified: true,
    opened_at: at(20),
    measured_at: at(14),
    resolved_at: at(14),
    cause: 'Hiệu chuẩn thiết bị',
    closed_by: 'lan',
    late: true,
    flags: [],
    summary: { vi: 'COD đã về dưới giới hạn', en: 'COD is below its limit again' },
    url: '',
    peak_value: 96.1,
    peak_severity: 'critical',
    notified: true,
  }
}

function withRatio(v) {
  const { value, limit_min: min, limit_max: max } = v
  if (max === null || v.status !== 'measuring') return { ...v, limit: max, ratio: null }
  if (min === null) return { ...v, limit: max, ratio: value / max }
  const middle = (min + max) / 2
  return { ...v, limit: value < middle ? min : max, ratio: Math.abs(value - middle) / ((max - min) / 2) }
}

function indexed(s) {
  const ratios = Object.values(s.latest).flatMap((v) => (v.ratio === null ? [] : [v.ratio]))
  s.index = ratios.length > 0 ? Math.max(...ratios) : null
  return s
}

function list(items) {
  return { items, next_cursor: null }
}

function round(v, decimals) {
  return Number(v.toFixed(decimals))
}

function circle([lon, lat], r) {
  return Array.from({ length: 25 }, (_, i) => {
    const a = (i / 24) * 2 * Math.PI
    return [round(lon + r * Math.cos(a), 5), round(lat + r * Math.sin(a), 5)]
  })
}

function generator(seed) {
  let s = seed
  return () => {
    s = (s * 1664525 + 1013904223) % 4294967296
    return s / 4294967296
  }
}
