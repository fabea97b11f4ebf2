// The invented back office of the fixture: a quarantine, the books, gateways and names, and a decoder that knows just enough to
// show every part of the pages. What it answers has the shapes of the API; what it decides is made up.

const CRC = /[0-9A-F]{4}\s*$/
const KNOWN = {
  ph: 'ph',
  temp: 'temp',
  cod: 'cod',
  tss: 'tss',
  nh4: 'nh4_n',
  nh4_n: 'nh4_n',
  flow_out: 'flow_out',
  w01018: 'cod',
  w01001: 'ph',
}
const STATUS = { '00': 'measuring', '01': 'calibrating', '02': 'fault' }

export class Desk {
  gateways = new Map()
  aliases = []
  made = 0

  constructor(world, now) {
    this.world = world
    this.now = now
    const ids = world.stations.map((s) => s.id)
    for (const [i, id] of ['gw-amata', 'gw-bien-hoa-2', 'gw-ho-nai'].entries())
      this.gateways.set(id, gateway(id, [ids[i]], i, now))
    this.aliases.push({ ...alias('parameter', 'COD_tong', 'cod'), id: 'a0', source: 'file' })
    this.entries = quarantine(now)
    this.books = books(world, now)
  }

  // Answers [status, body], or undefined for what is not its business.
  answer(method, path, query, body, role) {
    const [kind, id, act] = path
    if (kind === 'decode') return [200, this.decode(body.toString(), query.get('topic') || query.get('filename') || '')]
    if (kind === 'ledger') return [200, this.ledger()]
    if (kind === 'stations' && act === 'conflicts')
      return [200, list(this.conflicts(id).filter((c) => isAsked(c, query)))]
    if (kind === 'quarantine' && method === 'GET') return this.look(id, query)
    if (!['gateways', 'aliases', 'quarantine'].includes(kind)) return undefined
    if (role !== 'admin') return [401, { title: 'Unauthorized', status: 401, detail: 'this needs role admin' }]
    if (kind === 'quarantine') return this.retry(id)
    return kind === 'gateways' ? this.gateway(method, id, act, body) : this.alias(method, id, body)
  }

  look(id, query) {
    if (id) {
      const e = this.entries.find((x) => x.id === id)
      return e ? [200, e] : [404, { title: 'Not Found', status: 404 }]
    }
    const want = (name, of) => !query.get(name) || of(query.get(name))
    const items = this.entries.filter(
      (e) =>
        want('reason', (r) => e.rejected.some((x) => x.reason === r)) &&
        want('door', (d) => e.door === d) &&
        want('gateway', (g) => e.gateway === g) &&
        want('state', (s) => (s === 'open') === !e.retried_at),
    )
    return [200, list(items)]
  }

  retry(id) {
    const e = this.entries.find((x) => x.id === id)
    if (!e) return [404, { title: 'Not Found', status: 404 }]
    if (e.retried_at) return [409, { title: 'Conflict', status: 409, detail: 'it was retried before' }]
    e.retried_at = new Date(this.now).toISOString()
    const { readings, rejected } = this.decode(e.text ?? '', e.topic)
    return [200, { accepted: readings.length, rejected }]
  }

  gateway(method, id, act, body) {
    if (method === 'GET') return [200, list([...this.gateways.values()])]
    const held = this.gateways.get(id)
    if (method === 'DELETE') {
      this.gateways.delete(id)
      return [204]
    }
    if (act === 'rotate') return [200, { ...held, password: 'fixture-new-password' }]
    const spec = { username: id, ...JSON.parse(body) }
    const made = { ...gateway(id, [], 9, this.now), connected: false, last_seen: null, ...held, ...spec, id }
    this.gateways.set(id, made)
    return held ? [200, made] : [201, { ...made, password: "fixture 'first' password" }]
  }

  alias(method, id, body) {
    if (method === 'GET') return [200, list(this.aliases)]
    if (method === 'DELETE') {
      this.aliases = this.aliases.filter((a) => a.id !== id)
      return [204]
    }
    const made = {
      ...JSON.parse(body),
      id: `a${++this.made}`,
      source: 'api',
      created_at: new Date(this.now).toISOString(),
    }
    this.aliases.push(made)
    return [201, made]
  }

  decode(text, where) {
    const out = { dialect: '', readings: [], rejected: [], unknown: [] }
    const station = this.world.stations.find((s) => where.includes(s.id))?.id ?? ''
    if (text.startsWith('##') && CRC.test(text)) this.hj212(text, station, out)
    else if (/\t\d{14}\t/.test(text)) this.circular(text, station, out)
    else this.json(text, station, out)
    return out
  }

  hj212(text, station, out) {
    out.dialect = 'hj212'
    for (const [, code, value] of text.matchAll(/(w\d+)-Rtd=([\d.]+)/g)) this.item(out, station, code, Number(value))
  }

  circular(text, station, out) {
    out.dialect = 'circular10'
    for (const line of text.split('\n').filter(Boolean)) {
      const [name, value, , , status] = line.trim().split('\t')
      const number = Number(value.replace(',', '.'))
      this.item(out, station, name, number, {
        status: STATUS[status],
        flags: Number.isNaN(number) ? ['not_a_number'] : [],
      })
    }
  }

  json(text, station, out) {
    let body
    try {
      body = JSON.parse(text)
    } catch {
      out.rejected.push({
        reason: 'undecodable',
        detail: 'byte 0: no known format: expected a JSON object or an array of objects',
      })
      return
    }
    out.dialect = body.values ? 'native' : 'flat'
    const { time, station: named, ...rest } = body
    for (const [name, v] of Object.entries(body.values ?? rest)) {
      const value = typeof v === 'object' ? v.value : Number(v)
      const flags = v.unit === 'µg/L' ? ['unit_converted'] : Number.isNaN(value) ? ['not_a_number'] : []
      this.item(out, named ?? station, name, v.unit === 'µg/L' ? value / 1000 : value, { status: v.status, flags })
    }
  }

  item(out, station, name, value, { status = 'measuring', flags = [] } = {}) {
    const known = KNOWN[name.toLowerCase()] ?? this.aliases.find((a) => a.name === name)?.target
    if (!known) {
      out.rejected.push({
        reason: 'unknown_parameter',
        detail: `the catalogue has no parameter ${JSON.stringify(name)}`,
      })
      out.unknown.push({ kind: 'parameter', name, station, proposals: proposals(name) })
      return
    }
    const at = new Date(Math.floor(this.now / 60_000) * 60_000).toISOString()
    const unit = known === 'ph' ? '' : known === 'temp' ? '°C' : 'mg/L'
    const number = Number.isNaN(value) ? null : value
    out.readings.push({ station, parameter: known, value: number, unit, status, flags, measured_at: at })
  }

  ledger() {
    const total = { received: 0, stored: 0, quarantined: 0, duplicate: 0, revised: 0 }
    for (const item of this.books) for (const k of Object.keys(total)) total[k] += item[k]
    return { items: this.books, total }
  }

  conflicts(station) {
    const at = (m) => new Date(this.now - m * 60_000).toISOString()
    const of = (value, status = 'measuring') => ({ value, status, flags: ['revised'] })
    return [
      {
        parameter: 'cod',
        measured_at: at(95),
        received_at: at(4),
        gateway: `gw-${station}`,
        kept: of(41.2),
        other: of(44.8),
      },
      {
        parameter: 'ph',
        measured_at: at(95),
        received_at: at(4),
        gateway: `gw-${station}`,
        kept: of(7.1),
        other: of(null, 'fault'),
      },
    ]
  }
}

function isAsked(c, query) {
  const [parameter, from, to] = ['parameter', 'from', 'to'].map((k) => query.get(k))
  return (!parameter || parameter === c.parameter) && (!from || c.measured_at >= from) && (!to || c.measured_at < to)
}

function proposals(name) {
  const targets = { cod: ['COD', 0.86], ph: ['pH', 0.72], amoni: ['Amoni', 0.64] }
  const found = Object.entries(targets).filter(([part]) => name.toLowerCase().includes(part))
  return found.map(([part, [vi, score]]) => ({
    target: part === 'amoni' ? 'nh4_n' : part,
    name: { vi, en: vi },
    score,
    reason: `contains ${part}`,
  }))
}

function gateway(id, stations, i, now) {
  return {
    id,
    username: id,
    stations,
    certificates: i === 1 ? ['ab'.repeat(32)] : [],
    source: i === 2 ? 'file' : 'api',
    disabled: false,
    created_at: new Date(now - 40 * 86_400_000).toISOString(),
    rotated_at: null,
    connected: i < 2,
    last_seen: new Date(now - 4000 - i * 7_200_000).toISOString(),
    remote: `10.20.1.${i + 10}:50122`,
  }
}

function alias(kind, name, target) {
  return { kind, name, target }
}

function quarantine(now) {
  const of = (i, minutes, reason, detail, more) => ({
    id: `${1200 + i}-0`,
    received_at: new Date(now - minutes * 60_000).toISOString(),
    door: 'broker',
    gateway: 'gw-amata',
    topic: 'quantrac/v1/amata-01/readings',
    dialect: 'flat',
    accepted: 0,
    rejected: [{ index: 0, reason, detail }],
    body: Buffer.from(more.text ?? '').toString('base64'),
    ...more,
  })
  const unknown = (name) => `the catalogue has no parameter ${JSON.stringify(name)}`
  const binary = Buffer.from([0, 255, 18, 52, ...Buffer.from('SPARK'), 10, 0, 1, 2, 3, 250, 251, 252, 253])
  return [
    of(9, 2, 'unknown_parameter', unknown('CODcr_out'), {
      accepted: 2,
      text: '{"CODcr_out": 41.8, "pH": 7.1, "temp": 29.4}',
    }),
    of(8, 7, 'unknown_parameter', unknown('CODcr_out'), { text: '{"CODcr_out": 42.3}' }),
    of(7, 31, 'undecodable', 'byte 0: no known format', {
      dialect: '',
      gateway: 'plc-7',
      topic: 'spBv1.0/kcn/DDATA/7',
      text: undefined,
      body: binary.toString('base64'),
    }),
    of(6, 95, 'unknown_station', 'no station has the id or alias "AMATA_CX9"', {
      door: 'http',
      gateway: 'token:so-tnmt',
      topic: '',
      dialect: 'native',
      text: '{"station":"AMATA_CX9","values":{"cod":42}}',
    }),
    of(5, 300, 'future', 'measured_at 2027-01-01T00:00:00Z is ahead of the time of receipt', {
      door: 'ftp',
      gateway: 'gw-ho-nai',
      topic: 'DN_HNAI_ho-nai-01_20270101070000.txt',
      dialect: 'circular10',
      text: 'COD\t31.6\tmg/L\t20270101070000\t00\r\n',
    }),
  ]
}

function books(world, now) {
  const at = (m) => new Date(now - m * 60_000).toISOString()
  return world.stations.map((s, i) => {
    const quarantined = i === 0 ? 3 : i % 17 === 4 ? 1 : 0
    const [duplicate, revised] = [i % 9 === 2 ? 12 : 0, i % 13 === 0 ? 2 : 0]
    const stored = 2016 * 3 - i * 7
    const gaps = i % 11 === 3 ? [{ from: at(200 + i), to: at(170 + i), missing: 6 + i }] : []
    return {
      gateway: `gw-${s.id}`,
      station: s.id,
      received: stored + quarantined + duplicate + revised,
      stored,
      quarantined,
      duplicate,
      revised,
      gaps,
    }
  })
}

function list(items) {
  return { items, next_cursor: null }
}
