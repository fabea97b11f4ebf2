// What officers do in the fixture: acts on alerts, silences and maintenance windows, with the answers and frames of the program.

const DONE = {
  acknowledge: 'alert.acknowledged',
  comments: 'alert.commented',
  assign: 'alert.assigned',
  close: 'alert.closed',
}
const NEED = { silences: 'officer', maintenance: 'admin' }
const RANK = ['none', 'viewer', 'officer', 'admin']

const RULES = [
  {
    id: 'over-limit',
    name: { vi: 'Giá trị tức thời so với giới hạn', en: 'Instant value against its limit' },
    except: ['temp', 'ph'],
    on: 'value',
    levels: { warning: 0.7, critical: 1, emergency: 3 },
    for: '10m',
    immediate: 1.5,
    clear: 0.95,
    keep_open: '15m',
  },
  {
    id: 'day-mean-over-limit',
    name: { vi: 'Trung bình 24 giờ so với giới hạn', en: '24-hour mean against its limit' },
    kinds: ['effluent'],
    on: 'mean_24h',
    levels: { critical: 1 },
    clear: 1,
    keep_open: '1h',
  },
  { id: 'silent', name: { vi: 'Mất kết nối', en: 'Offline' }, on: 'silence', after: '15m', severity: 'warning' },
].map((r) => ({ ...r, enabled: true, source: 'built_in', overrides: false, updated_at: null }))

export class Duty {
  made = 0

  constructor(world, now, tell) {
    this.world = world
    this.tell = tell
    this.mutes = mutes(world, now)
    this.mark()
  }

  // Answers [status, body], or undefined for what is not its business.
  answer(method, path, query, body, role) {
    const [kind, id, act] = path
    if (kind === 'alerts' && method === 'POST') return this.act(id, act, body, role)
    if (kind === 'rules') return [200, { items: RULES, next_cursor: null }]
    // Nobody is told of anything here.
    if (['webhooks', 'mails'].includes(kind))
      return role === 'admin' ? [200, { items: [], next_cursor: null }] : refused('admin')
    if (!NEED[kind]) return undefined
    if (method === 'GET') return [200, { items: this.list(kind, query.get('state')), next_cursor: null }]
    if (!may(role, NEED[kind])) return refused(NEED[kind])
    return method === 'DELETE' ? this.end(id) : this.make(kind, JSON.parse(body))
  }

  act(id, act, body, role) {
    if (!may(role, 'officer')) return refused('officer')
    const a = this.world.alerts.find((x) => x.id === id)
    if (!a) return [404, { title: 'Not Found', status: 404 }]
    const { comment = '', assignee = '', cause = '' } = body.length > 0 ? JSON.parse(body) : {}
    if (a.state !== 'open' && act !== 'comments')
      return [409, { title: 'Conflict', status: 409, detail: `the alert has ended: it is ${a.state}` }]
    const at = new Date().toISOString()
    const changes = {
      acknowledge: { acknowledged_at: at, acknowledged_by: role },
      comments: {},
      assign: { assignee },
      close: { state: 'resolved', resolved_at: at, cause, closed_by: role },
    }[act]
    this.tell(this.world.change(id, DONE[act], role, changes, comment))
    return [200, a]
  }

  list(kind, state) {
    const now = new Date().toISOString()
    const is = (m) => (now < m.from ? 'pending' : now < m.to ? 'active' : 'expired')
    return this.mutes.filter(
      (m) => m.kind === (kind === 'silences' ? 'silence' : 'maintenance') && (!state || is(m) === state),
    )
  }

  make(kind, spec) {
    if (!spec.reason) return [422, { title: 'Invalid', status: 422, errors: [{ field: 'reason', detail: 'say why' }] }]
    const at = new Date().toISOString()
    const m = {
      id: `m${++this.made}`,
      kind: kind === 'silences' ? 'silence' : 'maintenance',
      from: at,
      ...spec,
      by: 'lan',
      created_at: at,
    }
    this.mutes.unshift(m)
    this.mark()
    return [201, m]
  }

  end(id) {
    const m = this.mutes.find((x) => x.id === id)
    if (!m) return [404, { title: 'Not Found', status: 404 }]
    const now = new Date().toISOString()
    if (now < m.from) this.mutes.splice(this.mutes.indexOf(m), 1)
    else m.to = now
    this.mark()
    return [204]
  }

  // Which alerts are held back now.
  mark() {
    for (const a of this.world.alerts) {
      if (a.state !== 'open') continue
      const held = this.list('silences', 'active').find((m) => m.matcher.stations?.includes(a.station.id))
      if ((a.silenced_by ?? '') === (held?.id ?? '')) continue
      if (held) a.silenced_by = held.id
      else delete a.silenced_by
      this.tell({ type: 'alert', sequence: ++this.world.sequence, alert: { ...a } })
    }
  }
}

function may(role, need) {
  return RANK.indexOf(role) >= RANK.indexOf(need)
}

function refused(role) {
  return [403, { title: 'Forbidden', status: 403, detail: `this needs role ${role}` }]
}

function mutes(world, now) {
  const at = (h) => new Date(now + h * 3_600_000).toISOString()
  const open = world.alerts.filter((a) => a.state === 'open' && a.parameter)
  const of = (id, kind, from, to, matcher, reason) => ({
    id,
    kind,
    matcher,
    from: at(from),
    to: at(to),
    reason,
    by: 'lan',
    created_at: at(from - 1),
  })
  const silent = open.at(-1)
  const [s] = world.stations
  return [
    of(
      'k1',
      'silence',
      -2,
      30,
      { stations: [silent.station.id], parameters: ['cod'] },
      'Đã gọi cho trạm, đang thay màng lọc',
    ),
    of('k2', 'maintenance', 60, 68, { stations: [s.id] }, 'Hiệu chuẩn định kỳ quý 4'),
    of(
      'k3',
      'maintenance',
      -20,
      100,
      { parks: [world.parks[2].id], rules: ['silent'] },
      'Nhà mạng nâng cấp đường truyền',
    ),
    of('k4', 'silence', -90, -80, { parameters: ['nh4_n'] }, 'Đầu đo amoni chờ linh kiện'),
  ]
}
