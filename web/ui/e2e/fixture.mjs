// Serves dist and an invented but plausible backend, so that the page can be worked on and looked at without the program:
// `npm run build && npm run fixture`, then http://127.0.0.1:8090. TOKEN=... makes it ask for that token.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { Archive } from './archive.mjs'
import { crowd, raise, trickle } from './crowd.mjs'
import { Desk } from './desk.mjs'
import { Duty } from './duty.mjs'
import { Estate } from './estate.mjs'
import { People } from './people.mjs'
import { Six } from './six.mjs'
import { World } from './world.mjs'

const POLICY =
  "default-src 'self'; script-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.geojson': 'application/geo+json',
}
/** Whoever is not signed in may sign in. */
const OPEN = /\/(session|invitation)$/
const DIST = fileURLToPath(new URL('../dist/', import.meta.url))
const REGISTRY = fileURLToPath(new URL('../../../geo/data/dong-nai.yaml', import.meta.url))

// token: asked for by everything when it is set. admin: gives the role of an administrator. stations: how many at least. rate: so many
// readings a second trickle in; without it every station tells all its values once a cycle.
export async function serve({ port = 8090, token = '', admin = 'admin', cycle = 5000, stations = 0, rate = 0 } = {}) {
  const world = new World(await readFile(REGISTRY, 'utf8'), Date.now())
  crowd(world, stations)
  let sockets = null
  const tell = (f) => {
    const text = JSON.stringify(f)
    for (const ws of sockets?.clients ?? []) ws.send(text)
  }
  const duty = new Duty(world, Date.now(), tell)
  const backend = {
    world,
    archive: new Archive(world, Date.now()),
    desk: new Desk(world, Date.now()),
    duty,
    six: new Six(world),
    estate: new Estate(world, tell),
    people: new People(Date.now()),
    token,
    admin,
  }
  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://fixture')
    res.setHeader('Content-Security-Policy', POLICY)
    res.setHeader('X-Content-Type-Options', 'nosniff')
    if (url.pathname.startsWith('/api/v1/')) return void answer(backend, req, res, url)
    return file(url.pathname, res)
  })
  sockets = new WebSocketServer({ server, path: '/ws', handleProtocols: () => 'quantrac.v1' })
  sockets.on('connection', (ws, req) => {
    if (token && !req.url.endsWith('ticket=once')) return ws.close(1008)
    return ws.on('message', () => ws.send(JSON.stringify(world.snapshot(Date.now()))))
  })
  let hushed = false
  const timer = setInterval(() => {
    if (hushed) return
    const frames = rate > 0 ? trickle(world, (rate * cycle) / 1000, Date.now()) : world.step(Date.now())
    for (const f of frames) tell(f)
  }, cycle)
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    // Breaks every websocket, as a network would.
    drop: () => {
      for (const ws of sockets.clients) ws.terminate()
    },
    // Opens an alert about a station.
    raise: (id) => {
      for (const f of raise(world, id, Date.now())) tell(f)
    },
    // Keeps every websocket open and says nothing, as a stream behind it that stands would.
    hush: (on) => {
      hushed = on
    },
    close: () => {
      clearInterval(timer)
      for (const ws of sockets.clients) ws.terminate()
      server.close()
    },
  }
}

async function answer({ world, archive, desk, duty, six, estate, people, token, admin }, req, res, url) {
  const send = (status, body, headers = {}) => {
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers })
    res.end(body && JSON.stringify(body))
  }
  const sent = req.headers.authorization?.slice('Bearer '.length)
  const user = sent ? null : people.whose(req.headers.cookie)
  const wrong = sent !== undefined && sent !== token && sent !== admin
  if (wrong || (token && !sent && !user && !OPEN.test(url.pathname)))
    return send(401, { title: 'Unauthorized', status: 401 })
  const role = user?.role ?? (sent === admin ? 'admin' : 'viewer')
  const path = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent)
  if (path[0] === 'ws-ticket') return send(201, { ticket: 'once' })
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  const asked = [req.method, path, url.searchParams, Buffer.concat(chunks), role]
  const entry = people.enter(req.method, path, asked[3])
  if (entry) return send(...entry)
  if (user && req.method !== 'GET' && req.headers['x-csrf-token'] !== 'csrf') return send(403, { status: 403 })
  const told =
    people.answer(...asked) ??
    estate.answer(...asked) ??
    duty.answer(...asked) ??
    six.answer(...asked) ??
    desk.answer(...asked) ??
    archive.answer(...asked)
  if (told) return send(...told)
  const body = world.get(path, url.searchParams)
  if (body && path[0] === 'info') Object.assign(body, { role, user, csrf: user ? 'csrf' : null })
  return body === undefined ? send(404, { title: 'Not Found', status: 404 }) : send(200, body)
}

async function file(path, res) {
  // Like the program: a path without a dot is a place inside the page.
  const name = extname(path) ? normalize(path.slice(1)) : 'index.html'
  try {
    const body = await readFile(join(DIST, name))
    res.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' })
    res.end(body)
  } catch {
    res.writeHead(404)
    res.end()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.env.PORT ?? 8090), token: process.env.TOKEN ?? '' })
  console.log(`fixture on ${url}`)
}
