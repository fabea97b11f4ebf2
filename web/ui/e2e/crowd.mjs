// Many stations, and readings that trickle in: what the page has to bear in a large province.

const BOX = [106.5, 10.7, 0.9, 1.3]

// Adds stations until there are n, spread over the province, with the values of those that are there.
export function crowd(world, n) {
  const models = [...world.stations]
  for (let i = world.stations.length; i < n; i++) {
    const model = models[i % models.length]
    const id = `crowd-${String(i).padStart(5, '0')}`
    const location = [BOX[0] + world.random() * BOX[2], BOX[1] + world.random() * BOX[3]]
    world.stations.push({
      ...model,
      id,
      location,
      name: { vi: `Trạm thử ${i}`, en: `Test station ${i}` },
      latest: structuredClone(model.latest),
    })
  }
}

const FRAME = 100

// n new values, of stations by chance, in frames as the hub cuts them.
export function trickle(world, n, now) {
  const at = new Date(now).toISOString()
  const frames = []
  let items = []
  for (let i = 0; i < n; i++) {
    const s = world.stations[Math.floor(world.random() * world.stations.length)]
    const codes = Object.keys(s.latest)
    const code = codes[Math.floor(world.random() * codes.length)]
    const v = s.latest[code]
    const drift = 0.9 + 0.2 * world.random()
    const ratio = v.ratio === null ? null : v.ratio * drift
    items.push({
      station: s.id,
      parameter: code,
      value: v.value === null ? null : v.value * drift,
      unit: v.unit,
      status: v.status,
      flags: [],
      measured_at: at,
      ratio,
    })
    if (items.length === FRAME || i === n - 1) {
      frames.push({ type: 'readings', sequence: ++world.sequence, items })
      items = []
    }
  }
  return frames
}

// A station goes above its limit, and its alert opens.
export function raise(world, id, now) {
  const s = world.stations.find((x) => x.id === id)
  Object.assign(s, { state: 'exceed', index: 1.62 })
  const at = new Date(now).toISOString()
  s.latest.cod = { ...s.latest.cod, value: 120.3, ratio: 1.62, measured_at: at, received_at: at }
  const [alert] = world.alertsOf(s, now)
  const opened = { ...alert, id: `raised-${id}-${now}`, opened_at: at, severity: 'critical' }
  world.alerts.push(opened)
  world.told.set(opened.id, [
    {
      type: 'alert.opened',
      at,
      event_at: at,
      severity: 'critical',
      state: 'open',
      value: 120.3,
      ratio: 1.62,
      revision: 1,
    },
  ])
  return [
    { type: 'station', sequence: ++world.sequence, station: s },
    { type: 'alert', sequence: ++world.sequence, alert: opened },
  ]
}
