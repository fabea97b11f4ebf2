// Users, tokens, sessions and the audit of the fixture server. The password of everybody is the same; the link "setup" makes an administrator.
const PASSWORD = 'bốn chiếc ghế gỗ cũ'
const HOUR = 3_600_000

export class People {
  constructor(now) {
    const at = (h) => new Date(now - h * HOUR).toISOString()
    this.now = now
    const user = (id, username, name, role, rest = {}) => ({
      id,
      username,
      name,
      role,
      parks: [],
      disabled: false,
      pending: false,
      created_at: at(2000),
      last_sign_in: at(3),
      ...rest,
    })
    this.users = [
      user('u1', 'an', 'Nguyễn Văn An', 'admin', { last_sign_in: at(0.4) }),
      user('u2', 'binh', 'Trần Thị Bình', 'officer', { parks: ['amata', 'loteco', 'bien-hoa-2'] }),
      user('u3', 'chi', 'Lê Minh Chi', 'officer', { pending: true, last_sign_in: null }),
      user('u4', 'dung', 'Phạm Quốc Dũng', 'viewer', { disabled: true, last_sign_in: at(900) }),
    ]
    const token = (id, name, role, rest = {}) => ({
      id,
      name,
      role,
      parks: [],
      created_at: at(1500),
      expires_at: null,
      last_used_at: at(0.05),
      ...rest,
    })
    this.tokens = [
      token('0f1e2d3c4b5a6978', 'Grafana của Sở', 'viewer', { expires_at: at(-2000) }),
      token('a1b2c3d4e5f60718', 'Nhập số liệu Amata', 'officer', { parks: ['amata'] }),
      token('77aa77aa77aa77aa', 'Kiểm thử cũ', 'admin', { expires_at: at(40), last_used_at: null }),
    ]
    this.trail = trail(at)
    this.sessions = new Map()
    this.links = new Map([['setup', null]])
  }

  whose(cookie) {
    const token = /quantrac_session=(\w+)/.exec(cookie ?? '')?.[1]
    const { id, username, name, role, parks } = this.users.find((u) => u.id === this.sessions.get(token)) ?? {}
    return id ? { id, username, name, role, parks } : null
  }

  // What is open to whoever is not signed in.
  enter(method, [kind, sub], body) {
    if (kind === 'invitation') return this.peek(JSON.parse(body))
    if (kind !== 'session' || sub) return null
    if (method === 'DELETE') {
      this.sessions.clear()
      return [204, null]
    }
    const { username, password, name, invitation } = JSON.parse(body)
    if (invitation && !this.links.has(invitation)) return refused(401)
    if (invitation && password?.length < 12) return refused(422, [{ field: 'password', detail: 'too short' }])
    if (invitation === 'setup')
      this.users.push({ ...this.users[0], id: 'u9', username, name, last_sign_in: null, pending: false })
    const user = this.users.find((u) =>
      invitation ? u.id === (this.links.get(invitation) ?? 'u9') : u.username === username,
    )
    this.links.delete(invitation)
    if (!user || (!invitation && password !== PASSWORD)) return refused(401)
    user.pending = false
    this.sessions.set('s1', user.id)
    const cookie = { 'Set-Cookie': 'quantrac_session=s1; HttpOnly; SameSite=Strict; Path=/' }
    return [200, { user: this.whose('quantrac_session=s1'), csrf: 'csrf' }, cookie]
  }

  peek({ invitation }) {
    if (!this.links.has(invitation)) return refused(401)
    const user = this.users.find((u) => u.id === this.links.get(invitation))
    const kind = user ? 'invitation' : 'setup'
    const until = new Date(this.now + 24 * HOUR).toISOString()
    return [200, { kind, username: user?.username ?? '', name: user?.name ?? '', expires_at: until }]
  }

  answer(method, path, query, body, role) {
    if (!['users', 'tokens', 'audit'].includes(path[0])) return null
    if (role !== 'admin') return refused(403)
    if (path[0] === 'audit') return [200, { items: this.find(query), next_cursor: null }]
    return path[0] === 'users' ? this.user(method, path, body) : this.token(method, path, body)
  }

  find(query) {
    const want = (name, ...of) => !query.get(name) || of.includes(query.get(name))
    return this.trail.filter(
      (e) =>
        want('actor', e.actor.id, e.actor.name) &&
        want('action', e.action, e.action.split('.')[0]) &&
        want('object', e.object) &&
        (!query.get('from') || e.at >= query.get('from')),
    )
  }

  user(method, [, id, act], body) {
    const held = this.users.find((u) => u.id === id)
    if (method === 'GET') return id ? [200, held, { ETag: '"1"' }] : [200, { items: this.users, next_cursor: null }]
    if (method === 'DELETE') this.users = this.users.filter((u) => u !== held)
    if (method === 'DELETE') return [204, null]
    if (method === 'PUT') return [200, Object.assign(held, JSON.parse(body))]
    const made = act
      ? held
      : { ...this.users[0], last_sign_in: null, ...JSON.parse(body), id: `u${this.users.length + 1}` }
    if (!act) this.users.push(made)
    made.pending = true
    const link = `link${this.links.size}`
    this.links.set(link, made.id)
    const until = new Date(this.now + 168 * HOUR).toISOString()
    return [201, { ...made, invitation: `http://127.0.0.1/#/setup?token=${link}`, invitation_expires_at: until }]
  }

  token(method, [, id], body) {
    if (method === 'GET') return [200, { items: this.tokens, next_cursor: null }]
    if (method === 'DELETE') this.tokens = this.tokens.filter((t) => t.id !== id)
    if (method === 'DELETE') return [204, null]
    const made = {
      ...this.tokens[0],
      expires_at: null,
      last_used_at: null,
      ...JSON.parse(body),
      id: `t${this.tokens.length}`,
    }
    this.tokens.push(made)
    return [201, { ...made, token: 'qt_0123456789abcdef' }]
  }
}

function refused(status, errors = []) {
  return [status, { title: 'No', status, detail: 'no', errors }]
}

function trail(at) {
  const an = { kind: 'user', id: 'u1', name: 'Nguyễn Văn An' }
  const binh = { kind: 'user', id: 'u2', name: 'Trần Thị Bình' }
  const script = { kind: 'token', id: 'a1b2c3d4e5f60718', name: 'Nhập số liệu Amata' }
  const alert = { station: 'amata-01', rule: 'over-limit', state: 'open', severity: 'critical' }
  const rule = {
    id: 'cod-over-limit',
    parameters: ['cod'],
    levels: { warning: { times: 0.7 }, critical: { times: 1 } },
    for: '10m',
  }
  const rows = [
    [0.4, an, 'session.create', 'u1', null, null],
    [
      0.6,
      binh,
      'alert.acknowledged',
      'fixture-amata-01',
      alert,
      { ...alert, acknowledged_by: binh.name, comment: 'Đã gọi nhà máy' },
    ],
    [
      2,
      an,
      'rule.update',
      rule.id,
      rule,
      { ...rule, levels: { warning: { times: 0.8 }, critical: { times: 1 } }, for: '15m' },
    ],
    [5, an, 'user.create', 'u3', null, { username: 'chi', name: 'Lê Minh Chi', role: 'officer', parks: ['amata'] }],
    [9, script, 'alias.create', 'a-7', null, { kind: 'parameter', name: 'COD_1', target: 'cod', station: 'amata-01' }],
    [26, an, 'gateway.delete', 'gw-cu', { id: 'gw-cu', stations: ['amata-02'], disabled: true }, null],
    [50, { kind: 'system', id: '', name: '' }, 'invitation.create', 'setup', null, null],
  ]
  return rows.map(([h, actor, action, object, before, after], i) => ({
    sequence: rows.length - i,
    at: at(h),
    actor,
    action,
    object,
    before,
    after,
    from: actor.kind === 'system' ? '' : '192.0.2.17',
  }))
}
