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
/**
 * A socket can die without saying so, and a page does not see the pings under it. The server that sends heartbeats does so every
 * 25 s, so two and a bit of them missing means that it is dead; one that sends none is given a cycle of readings.
 */
const DEAD_AFTER = 60_000
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
  /** When the last frame came, ms; and whether the server sends heartbeats. */
  private heard = 0
  private beaten = false
  private connecting = false
  private ended = false

  constructor(opt: SocketOptions) {
    this.opt = opt
  }

  start(): void {
    window.addEventListener('online', this.now)
    window.addEventListener('offline', this.lost)
    document.addEventListener('visibilitychange', this.awake)
    void this.connect()
  }

  end(): void {
    this.ended = true
    window.removeEventListener('online', this.now)
    window.removeEventListener('offline', this.lost)
    document.removeEventListener('visibilitychange', this.awake)
    clearTimeout(this.timer)
    clearTimeout(this.stale)
    this.ws?.close()
  }

  /** Asks for everything again, on the socket that is open. */
  anew(): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify({ type: 'subscribe', heartbeat: true }))
  }

  private readonly now = () => {
    clearTimeout(this.timer)
    this.tries = 0
    void this.connect()
  }

  private readonly lost = () => {
    this.opt.onConnection('offline')
    this.drop()
  }

  /** A machine that slept, or a page in the background, has slept through its own watch. */
  private readonly awake = () => {
    if (document.visibilityState === 'visible' && this.ws && Date.now() - this.heard > this.patience()) this.drop()
  }

  private patience(): number {
    return this.beaten ? DEAD_AFTER : STALE_AFTER
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
    this.beaten = false
    // A handshake can hang as well.
    this.stale = setTimeout(this.drop, DEAD_AFTER)
    ws.onopen = () => {
      const at = this.opt.position()
      ws.send(JSON.stringify(at ? { type: 'resume', ...at, heartbeat: true } : { type: 'subscribe', heartbeat: true }))
      this.watch()
    }
    ws.onmessage = (e: MessageEvent<string>) => {
      if (this.ws === ws) this.receive(JSON.parse(e.data) as Frame)
    }
    ws.onclose = () => {
      if (this.ws !== ws) return
      this.ws = null
      this.again()
    }
  }

  private receive(frame: Frame): void {
    this.tries = 0
    this.beaten ||= frame.type === 'heartbeat'
    this.watch()
    // It is no news: whether data still comes is judged by the other frames.
    if (frame.type !== 'heartbeat') this.opt.onFrame(frame)
    this.opt.onConnection('live')
  }

  /** Gives a dead socket up at once: its close would wait for an answer that does not come. */
  private readonly drop = () => {
    const ws = this.ws
    this.ws = null
    ws?.close()
    if (ws) this.again()
  }

  private watch(): void {
    this.heard = Date.now()
    clearTimeout(this.stale)
    this.stale = setTimeout(this.drop, this.patience())
  }

  private again(): void {
    if (this.ended) return
    clearTimeout(this.stale)
    this.opt.onConnection(navigator.onLine ? 'reconnecting' : 'offline')
    this.timer = setTimeout(() => void this.connect(), backoff(this.tries, Math.random))
    this.tries = Math.min(this.tries + 1, 10)
  }
}
