import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Socket } from '../src/socket.ts'
import type { Connection } from '../src/store.ts'
import type { Frame } from '../src/wire.ts'

/** The browser's websocket as far as Socket uses it; the network behind it is the test. */
class Wire {
  static all: Wire[] = []
  onopen: (() => void) | null = null
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  sent: string[] = []
  closed = false

  constructor() {
    Wire.all.push(this)
  }

  send(text: string): void {
    this.sent.push(text)
  }

  /** A dead connection never answers a close, so onclose does not come. */
  close(): void {
    this.closed = true
  }

  open(): void {
    this.onopen?.()
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}

const listeners = new Map<string, () => void>()
const events = {
  addEventListener: (name: string, act: () => void) => listeners.set(name, act),
  removeEventListener: (name: string) => listeners.delete(name),
}

function start() {
  const frames: Frame[] = []
  const connections: Connection[] = []
  const socket = new Socket({
    address: () => Promise.resolve('ws://host/ws'),
    position: () => (frames.length > 0 ? { epoch: 'E', after: 7 } : null),
    onFrame: (f) => frames.push(f),
    onConnection: (c) => connections.push(c),
  })
  socket.start()
  return { socket, frames, connections }
}

async function newest(): Promise<Wire> {
  await vi.advanceTimersByTimeAsync(0)
  const wire = Wire.all.at(-1)
  if (!wire) throw new Error('nothing was opened')
  return wire
}

beforeEach(() => {
  Wire.all = []
  vi.useFakeTimers({ now: 0 })
  vi.stubGlobal('WebSocket', Wire)
  vi.stubGlobal('window', events)
  vi.stubGlobal('document', { ...events, visibilityState: 'visible' })
  vi.stubGlobal('navigator', { onLine: true })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the socket', () => {
  test('asks for heartbeats, and goes on where it was after a break', async () => {
    const { socket } = start()
    const first = await newest()
    first.open()
    expect(first.sent).toEqual(['{"type":"subscribe","heartbeat":true}'])
    first.say({ type: 'snapshot', sequence: 7 })
    first.onclose?.()
    await vi.advanceTimersByTimeAsync(1000)
    const second = await newest()
    second.open()
    expect(second.sent).toEqual(['{"type":"resume","epoch":"E","after":7,"heartbeat":true}'])
    socket.end()
  })

  test('a heartbeat keeps it, and is no news', async () => {
    const { socket, frames, connections } = start()
    const wire = await newest()
    wire.open()
    wire.say({ type: 'snapshot', sequence: 1 })
    for (let i = 0; i < 40; i++) {
      await vi.advanceTimersByTimeAsync(25_000)
      wire.say({ type: 'heartbeat', sequence: 2 + i })
    }
    expect(wire.closed).toBe(false)
    expect(frames).toHaveLength(1)
    expect(connections.at(-1)).toBe('live')
    socket.end()
  })

  test('one that died without saying so is given up a minute after its last word', async () => {
    const { socket, connections } = start()
    const dead = await newest()
    dead.open()
    dead.say({ type: 'snapshot', sequence: 1 })
    dead.say({ type: 'heartbeat', sequence: 2 })
    await vi.advanceTimersByTimeAsync(59_000)
    expect(dead.closed).toBe(false)
    await vi.advanceTimersByTimeAsync(1000)
    expect(dead.closed).toBe(true)
    expect(connections.at(-1)).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(1000)
    expect(Wire.all).toHaveLength(2)
    // What the dead one still brings, or its late close, is nobody's business any more.
    dead.say({ type: 'readings', sequence: 3, items: [] })
    dead.onclose?.()
    expect(connections.at(-1)).toBe('reconnecting')
    await vi.advanceTimersByTimeAsync(5000)
    expect(Wire.all).toHaveLength(2)
    socket.end()
  })

  test('a server that sends no heartbeats is given a cycle of readings', async () => {
    const { socket } = start()
    const wire = await newest()
    wire.open()
    wire.say({ type: 'snapshot', sequence: 1 })
    await vi.advanceTimersByTimeAsync(300_000)
    expect(wire.closed).toBe(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(wire.closed).toBe(true)
    socket.end()
  })

  test('a handshake that hangs is given up', async () => {
    const { socket } = start()
    const wire = await newest()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(wire.closed).toBe(true)
    socket.end()
  })

  test('a machine that wakes up does not wait for the watch that slept with it', async () => {
    const { socket } = start()
    const wire = await newest()
    wire.open()
    wire.say({ type: 'heartbeat', sequence: 1 })
    vi.setSystemTime(3_600_000)
    listeners.get('visibilitychange')?.()
    expect(wire.closed).toBe(true)
    socket.end()
    expect(listeners.size).toBe(0)
  })
})
