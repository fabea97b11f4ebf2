import { batch } from '@preact/signals'
import { api } from './api.ts'
import { followDetail } from './detail.ts'
import { followNews } from './herald.ts'
import { followHistory } from './history.ts'
import { Problem, setToken, Unauthorized } from './http.ts'
import { followPlace } from './router.ts'
import { Socket } from './socket.ts'
import { dispatch, model, needsToken, present } from './state.ts'
import { followStation } from './station-place.ts'
import type { Frame } from './wire.ts'

/** Frames are taken in together this often, ms: a burst of a thousand frames makes a few renders, not a thousand. */
const GATHER = 60
const RETRY = 5000

let socket: Socket | null = null

/** Starts what moves: the data, the socket, the clock. */
export function start(): void {
  setInterval(() => {
    present.value = Date.now()
  }, 1000)
  followHistory(Date.now)
  followDetail()
  followPlace()
  followStation()
  followNews()
  void load()
}

/** What changes rarely comes by HTTP; then the socket brings everything else. */
async function load(): Promise<void> {
  try {
    const [info, parameters, parks] = await Promise.all([api.info(), api.parameters(), api.parks()])
    batch(() => {
      needsToken.value = false
      dispatch({ type: 'info', info })
      dispatch({ type: 'parameters', items: parameters })
      dispatch({ type: 'parks', items: parks })
    })
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

function listen(): void {
  let waiting: Frame[] = []
  const take = () => {
    const frames = waiting
    waiting = []
    const at = Date.now()
    batch(() => {
      for (const frame of frames) dispatch({ type: 'frame', frame, at })
    })
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
      if (waiting.length === 1) setTimeout(take, GATHER)
    },
    onConnection: (connection) => dispatch({ type: 'connection', connection }),
  })
  socket.start()
}

async function address(): Promise<string> {
  try {
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

export function signIn(token: string): Promise<void> {
  setToken(token.trim())
  return load()
}

/** Takes a token in place of what is used, once the server has said that it is good. */
export async function takeToken(token: string): Promise<'taken' | 'wrong' | 'slow' | 'failed'> {
  try {
    const info = await api.infoWith(token.trim())
    setToken(token.trim())
    dispatch({ type: 'info', info })
    return 'taken'
  } catch (err) {
    if (err instanceof Unauthorized) return 'wrong'
    return err instanceof Problem && err.status === 429 ? 'slow' : 'failed'
  }
}

export function signOut(): void {
  setToken(null)
  socket?.end()
  location.reload()
}
