import type { Connection } from './store.ts'
import type { Frame } from './wire.ts'

/**
 * Keeps one websocket alive for as long as the page is open. It goes on where it was (`resume`) after a break, waits longer
 * after each failure, with jitter so that many pages do not come back at once, and tries at once when the network returns.
 */

export interface SocketOptions {
  /** The address to connect to, asked anew for each try: a ticket is used up by one. */
  address: () => Promise<string>
  /** Where to go on; null asks for everything. */
  position: () => { epoch: string; after: number } | null
  onFrame: (frame: Frame) => void
  onConnection: (connection: Connection) => void
}

const PROTOCOL = 'quantrac.v1'
const FIRST_WAIT = 500
const LONGEST_WAIT = 30_000
/** Readings come every few seconds or minutes; a socket that was silent for this long may be dead without saying so. */
const STALE_AFTER = 360_000

/** How long to wait before try n, counted from 0: full jitter over a doubling bound. */
export function backoff(n: number, random: () => number): number {
  return Math.round((0.3 + 0.7 * random()) * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** n))
}

export class Socket {
  private readonly opt: SocketOptions
  private ws: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private stale: ReturnType<typeof setTimeout> | undefined
  private tries = 0
  private connecting = false
  private ended = false

  constructor(opt: SocketOptions) {
    this.opt = opt
  }

  start(): void {
    window.addEventListener('online', this.now)
    window.addEventListener('offline', this.lost)
    void this.connect()
  }

  end(): void {
    this.ended = true
    window.removeEventListener('online', this.now)
    window.removeEventListener('offline', this.lost)
    clearTimeout(this.timer)
    clearTimeout(this.stale)
    this.ws?.close()
  }

  private readonly now = () => {
    clearTimeout(this.timer)
    this.tries = 0
    void this.connect()
  }

  private readonly lost = () => {
    this.opt.onConnection('offline')
    this.ws?.close()
  }

  private async connect(): Promise<void> {
    if (this.ws || this.connecting) return
    this.connecting = true
    this.opt.onConnection(this.tries === 0 && !this.opt.position() ? 'connecting' : 'reconnecting')
    let ws: WebSocket
    try {
      ws = new WebSocket(await this.opt.address(), PROTOCOL)
    } catch {
      this.again()
      return
    } finally {
      this.connecting = false
    }
    if (this.ended) {
      ws.close()
      return
    }
    this.ws = ws
    ws.onopen = () => {
      const at = this.opt.position()
      ws.send(JSON.stringify(at ? { type: 'resume', ...at } : { type: 'subscribe' }))
    }
    ws.onmessage = (e: MessageEvent<string>) => this.receive(JSON.parse(e.data) as Frame)
    ws.onclose = () => {
      this.ws = null
      this.again()
    }
  }

  private receive(frame: Frame): void {
    this.tries = 0
    this.watch()
    this.opt.onFrame(frame)
    this.opt.onConnection('live')
  }

  private watch(): void {
    clearTimeout(this.stale)
    this.stale = setTimeout(() => this.ws?.close(), STALE_AFTER)
  }

  private again(): void {
    if (this.ended) return
    clearTimeout(this.stale)
    this.opt.onConnection(navigator.onLine ? 'reconnecting' : 'offline')
    this.timer = setTimeout(() => void this.connect(), backoff(this.tries, Math.random))
    this.tries = Math.min(this.tries + 1, 10)
  }
}
