import { batch } from '@preact/signals'
import { api } from './api.ts'
import { followDetail } from './detail.ts'
import { merged } from './frames.ts'
import { followNews } from './herald.ts'
import { followHistory } from './history.ts'
import { hasSession, hasToken, Problem, setCsrf, setToken, Unauthorized } from './http.ts'
import { followKeys } from './keys.ts'
import { followMap } from './map-place.ts'
import { followPlace } from './router.ts'
import { type Entry, session } from './session.ts'
import { Socket } from './socket.ts'
import { dispatch, missed, model, needsToken, present } from './state.ts'
import type { Connection } from './store.ts'
import type { Frame, RegistryFrame } from './wire.ts'

/** Frames are taken in together this often, ms: a burst of a thousand frames makes a few renders, not a thousand. */
const GATHER = 60
const RETRY = 5000
const BATCH = 'quantrac-batch'

let socket: Socket | null = null

/** Starts what moves: the data, the socket, the clock. */
export function start(): void {
  setInterval(() => {
    present.value = Date.now()
  }, 1000)
  followHistory(Date.now)
  followDetail()
  followPlace()
  followMap()
  followNews()
  followKeys()
  void load()
}

/** What changes rarely comes by HTTP; then the socket brings everything else. */
async function load(): Promise<void> {
  try {
    const [info, parameters, parks] = await Promise.all([api.info(), api.parameters(), api.parks()])
    setCsrf(info.csrf ?? '')
    batch(() => {
      needsToken.value = false
      dispatch({ type: 'info', info })
      dispatch({ type: 'parameters', items: parameters })
      dispatch({ type: 'parks', items: parks })
    })
    void ground()
    listen()
  } catch (err) {
    if (err instanceof Unauthorized) {
      needsToken.value = true
      return
    }
    dispatch({ type: 'connection', connection: 'reconnecting' })
    setTimeout(() => void load(), RETRY)
  }
}

/** What lies under the stations. The map is of use without it, and a server of before has none. */
async function ground(): Promise<void> {
  const [rivers, basemap] = await Promise.all([api.rivers().catch(() => null), api.basemap().catch(() => null)])
  dispatch({ type: 'ground', rivers, basemap })
}

/** The page was cut off and is back: the socket brings the newest state, and what else was asked for is asked for again. */
async function back(): Promise<void> {
  missed.value += 1
  try {
    const [info, parks] = await Promise.all([api.info(), api.parks()])
    batch(() => {
      dispatch({ type: 'info', info })
      dispatch({ type: 'parks', items: parks })
    })
  } catch {
    // What is there stays; the next break asks again.
  }
}

function listen(): void {
  let waiting: Frame[] = []
  const take = () => {
    const frames = waiting
    waiting = []
    const at = Date.now()
    const begin = performance.now()
    batch(() => {
      for (const frame of merged(frames)) dispatch({ type: 'frame', frame, at })
    })
    // Behind the renders that the batch has set off, which are microtasks too.
    queueMicrotask(() => measure(begin))
  }
  socket?.end()
  socket = new Socket({
    address: address,
    position: () => {
      const { epoch, sequence } = model.peek()
      return epoch ? { epoch, after: sequence } : null
    },
    onFrame: (frame) => {
      waiting.push(frame)
      if (frame.type === 'registry') followRegistry(frame)
      if (waiting.length === 1) setTimeout(take, GATHER)
    },
    onConnection,
  })
  socket.start()
}

let wasLive = false

function onConnection(connection: Connection): void {
  const before = model.peek().connection
  dispatch({ type: 'connection', connection })
  if (connection !== 'live' || before === 'live') return
  if (wasLive) void back()
  wasLive = true
}

/** How long a batch kept the page busy, for who observes: nothing is kept. */
function measure(begin: number): void {
  performance.measure(BATCH, { start: begin })
  performance.clearMeasures(BATCH)
}

/** Parks come by HTTP; what is too much for frames comes with a snapshot. */
function followRegistry(frame: RegistryFrame): void {
  if (frame.parks) {
    // Where that fails, the next load brings them.
    void api.parks().then(
      (items) => dispatch({ type: 'parks', items }),
      () => undefined,
    )
  }
  if (frame.subscribe) socket?.anew()
}

async function address(): Promise<string> {
  try {
    if (hasSession()) {
      // A session may have ended meanwhile, and a browser does not say why a websocket was refused.
      const info = await api.info()
      setCsrf(info.csrf ?? '')
      dispatch({ type: 'info', info })
    }
    return await api.socket()
  } catch (err) {
    if (err instanceof Unauthorized) {
      // Asking again with the same token would only count as guessing.
      socket?.end()
      needsToken.value = true
    }
    throw err
  }
}

/** Signs in, by a password or by a one-time link. Who was somebody else before is that no more. */
export async function signIn(entry: Entry): Promise<void> {
  setToken(null)
  setCsrf((await session.open(entry)).csrf)
  await load()
}

/** Takes the new session that an answer brought. */
export function takeSession(fresh: string): void {
  setCsrf(fresh)
}

/** Takes a token in place of what is used, once the server has said that it is good. */
export async function takeToken(token: string): Promise<'taken' | 'wrong' | 'slow' | 'failed'> {
  try {
    const info = await api.infoWith(token.trim())
    setToken(token.trim())
    if (needsToken.peek()) await load()
    else dispatch({ type: 'info', info })
    return 'taken'
  } catch (err) {
    if (err instanceof Unauthorized) return 'wrong'
    return err instanceof Problem && err.status === 429 ? 'slow' : 'failed'
  }
}

export async function signOut(everywhere = false): Promise<void> {
  const byToken = hasToken()
  setToken(null)
  if (!byToken && hasSession()) await session.close(everywhere)
  socket?.end()
  location.reload()
}
