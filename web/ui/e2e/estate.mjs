// The registry of the fixture as an administrator edits it: records with tags, edits over the file, and an import that knows GeoJSON
// points. What it refuses it refuses as the program does, by field.

const VIEW = ['state', 'index', 'latest', 'stations']

const SET = {
  id: 'qcvn40-2011',
  reference: 'QCVN 40:2011/BTNMT',
  name: { vi: 'Nước thải công nghiệp', en: 'Industrial wastewater' },
  factors: true,
  columns: ['A', 'B'],
  rows: [],
  verified: false,
  verified_by: '',
}
export class Estate {
  edits = new Map()
  version = 1

  constructor(world, tell) {
    this.world = world
    this.tell = tell
    for (const s of world.stations)
      Object.assign(s, {
        cycle: '5m0s',
        limits: [{ set: 'qcvn40-2011', column: 'A', kq: 0.9, kf: 1 }],
        aliases: [s.id.toUpperCase()],
      })
  }

  // Answers [status, body, headers], or undefined for what is not its business.
  answer(method, path, _query, body, role) {
    const [kind, id, act] = path
    if (kind === 'limits' && method === 'GET') return [200, { items: [SET], next_cursor: null, factor_tables: [] }]
    if (kind === 'alerts' && act === 'upstream') return [200, this.upstream()]
    const mine =
      kind === 'registry' || kind === 'registry.geojson' || ((kind === 'stations' || kind === 'parks') && id && !act)
    if (!mine) return undefined
    if (kind !== 'registry' && kind !== 'registry.geojson' && method === 'GET') return this.one(kind, id, role)
    if (role !== 'admin') return [403, { title: 'Forbidden', status: 403, detail: 'this needs role admin' }]
    if (kind === 'registry.geojson') return [200, { type: 'FeatureCollection', features: [] }]
    if (kind === 'registry') return this.desk(method, path, body)
    return method === 'PUT' ? this.put(kind, id, JSON.parse(body)) : this.remove(kind, id)
  }

  upstream() {
    const at = new Date(Date.now() - 7 * 3_600_000).toISOString()
    const items = this.world.stations.slice(0, 3).map((s, i) => ({
      rank: i + 1,
      station: s.id,
      name: s.name,
      park: s.park,
      river: 'song-dong-nai',
      distance_km: 12.4 + 3 * i,
      travel_hours: 6.9 + 2 * i,
      change: [812.5, 14.2, null][i],
      load_kg_day: [903.1, 101.3, null][i],
      baseline_kg_day: [90.6, 87.1, null][i],
      at,
      from: at,
      to: at,
      off_river_km: 0.8,
    }))
    return { items, reason: null }
  }

  one(kind, id, role) {
    const found = this.world[kind].find((x) => x.id === id)
    if (!found) return [404, { title: 'Not Found', status: 404 }]
    const edit = this.edits.get(`${kind.slice(0, -1)} ${id}`)
    const origin = edit ? { source: 'edit', edited_by: edit.by, edited_at: edit.at } : { source: 'file' }
    return [200, role === 'admin' ? { ...found, ...origin } : found, { ETag: `"${found.tag ?? 1}"` }]
  }

  put(kind, id, body) {
    const errors = []
    if (!body.name?.vi) errors.push({ field: 'name', detail: 'the Vietnamese name is missing' })
    const [lon, lat] = body.location
    if (!(lon > 100 && lon < 112 && lat > 7 && lat < 24))
      errors.push({ field: 'location', detail: `[${lon}, ${lat}] has latitude first: write [longitude, latitude]` })
    if (kind === 'stations' && !body.parameters?.length)
      errors.push({ field: 'parameters', detail: 'a station measures at least one parameter' })
    if (errors.length > 0) return [422, { title: 'Unprocessable', status: 422, detail: errors[0].detail, errors }]
    const list = this.world[kind]
    const was = list.find((x) => x.id === id)
    const fresh =
      kind === 'stations'
        ? { state: 'offline', index: null, latest: {} }
        : { state: 'offline', index: null, stations: [] }
    const kept = Object.fromEntries(VIEW.filter((k) => was && k in was).map((k) => [k, was[k]]))
    const now = { ...fresh, ...body, ...kept, tag: ++this.version }
    if (was) {
      for (const key of Object.keys(was)) delete was[key]
      Object.assign(was, now)
    } else list.push(now)
    this.note(kind, id, 'put')
    if (kind === 'stations') this.say({ type: 'station', station: list.find((x) => x.id === id) })
    else this.say({ type: 'registry', gone: [], parks: true, subscribe: false })
    return this.one(kind, id, 'admin')
  }

  remove(kind, id) {
    this.world[kind] = this.world[kind].filter((x) => x.id !== id)
    this.note(kind, id, 'remove')
    this.say({ type: 'registry', gone: kind === 'stations' ? [id] : [], parks: kind === 'parks', subscribe: false })
    return [204]
  }

  say(frame) {
    this.tell({ ...frame, sequence: ++this.world.sequence })
  }

  note(kind, id, action) {
    const k = kind.slice(0, -1)
    const e = { kind: k, id, action, by: 'admin', at: new Date().toISOString(), in_force: true, file_changed: false }
    this.edits.set(`${k} ${id}`, e)
  }

  desk(method, [, what, kind, id], body) {
    if (what === 'edits' && method === 'DELETE') return this.edits.delete(`${kind} ${id}`) ? [204] : [404, {}]
    if (what === 'edits') return [200, { items: [...this.edits.values()], next_cursor: null }]
    return this.weigh(body.toString(), what === 'import')
  }

  weigh(text, store) {
    const report = {
      problems: [],
      warnings: [],
      columns: [],
      added: [],
      changed: [],
      counts: { added: 0, changed: 0 },
      unchanged: 0,
    }
    let doc
    try {
      doc = JSON.parse(text)
    } catch {
      report.problems.push({ path: '', message: 'no GeoJSON' })
      return [200, report]
    }
    doc.features.forEach((f, i) => {
      const { id, name } = f.properties
      const location = f.geometry.coordinates
      if (location[0] < 100)
        report.problems.push({
          path: `features[${i}].geometry.coordinates`,
          message: 'has latitude first: write [longitude, latitude]',
        })
      const row = { kind: 'station', id, name, location }
      const was = this.world.stations.find((s) => s.id === id)
      if (was) report.changed.push({ ...row, fields: ['location'] })
      else report.added.push(row)
      if (store) this.put('stations', id, { ...was, ...f.properties, location })
    })
    report.counts = { added: report.added.length, changed: report.changed.length }
    return [200, report]
  }
}
