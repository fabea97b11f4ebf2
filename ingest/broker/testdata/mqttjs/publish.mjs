// Publishes to the broker in argv[2] with protocol version argv[3] and prints one JSON object with what it saw. Every way of
// publishing that a gateway on Node.js uses: QoS 0, 1, 2, user properties, topic aliases, a will, a retained status.
import mqtt from 'mqtt'

const [url, version] = process.argv.slice(2)
const protocolVersion = Number(version)
const five = protocolVersion === 5
const readings = 'quantrac/v1/amata-01/readings'
const status = 'quantrac/v1/amata-01/status'
const seen = { connack: {}, codes: [], status: [], events: [] }

const fail = (what) => (err) => {
  console.error(`${what}: ${err}`)
  process.exit(1)
}
setTimeout(() => fail('timeout')('30 s'), 30_000).unref()

const client = await mqtt
  .connectAsync(url, {
    protocolVersion,
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
    clientId: `mqttjs-${version}`,
    clean: false,
    reconnectPeriod: 0,
    autoUseTopicAlias: five,
    properties: five ? { sessionExpiryInterval: 600, requestResponseInformation: true, userProperties: { maker: 'test' } } : undefined,
    will: { topic: status, payload: '{"online":false}', qos: 1, retain: true },
  })
  .catch(fail('connect'))
client.on('error', fail('error'))
client.on('message', (topic, payload, packet) => {
  seen.status.push({ topic, body: payload.toString(), user: packet.properties?.userProperties ?? null })
})

const value = (n) => `{"values":{"cod":${n}}}`
const granted = await client.subscribeAsync(status, { qos: 1 })
seen.granted = granted[0].qos

const user = five ? { userProperties: { a: ['1', '2'], b: 'ký tự' }, contentType: 'application/json', payloadFormatIndicator: true } : undefined
let n = 0
for (const qos of [0, 1, 2]) {
  await client.publishAsync(readings, value(n++), { qos })
  await client.publishAsync(readings, value(n++), { qos, properties: user && { ...user } })
  if (five) {
    await client.publishAsync(readings, value(n++), { qos, properties: { topicAlias: 3 } })
    await client.publishAsync('', value(n++), { qos, properties: { topicAlias: 3 } })
    await client.publishAsync(readings, value(n++), { qos, properties: { messageExpiryInterval: 60, responseTopic: 'answers', correlationData: Buffer.from('x') } })
  }
}
// Many at once, answered in order.
await Promise.all(Array.from({ length: 500 }, (_, i) => client.publishAsync(readings, value(n + i), { qos: 1 + (i % 2) })))
n += 500
const ack = await client.publishAsync(readings, 'nonsense', { qos: 1 }).catch((err) => err)
seen.refusal = { code: ack?.code ?? ack?.reasonCode ?? null, text: String(ack?.message ?? '') }
await client.publishAsync(status, '{"online":true}', { qos: 2, retain: true, properties: user && { userProperties: { a: '1' } } })
await client.unsubscribeAsync(status)
seen.published = n
await client.endAsync()
console.log(JSON.stringify(seen))
