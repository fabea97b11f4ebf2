// Who is told in these tests: a real HTTP server that keeps what comes to it, and a mail server that takes every e-mail.
import { createServer as createHttp } from 'node:http'
import { createServer as createTcp } from 'node:net'

// status is what the next requests are answered with.
export async function receiveWebhooks() {
  const got = []
  const waiting = new Set()
  const state = { status: 200 }
  const server = createHttp((req, res) => {
    const chunks = []
    req.on('data', (c) => chunks.push(c))
    req.on('end', () => {
      got.push({ headers: req.headers, body: Buffer.concat(chunks), status: state.status })
      res.writeHead(state.status, { 'Content-Type': 'text/plain' })
      res.end(state.status < 300 ? 'taken' : 'the database is away')
      for (const look of waiting) look()
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    got,
    answer: (status) => {
      state.status = status
    },
    // The first request that is as asked, now or to come.
    until: (is, ms = 20_000) =>
      new Promise((done, fail) => {
        const timer = setTimeout(() => {
          waiting.delete(look)
          fail(new Error(`no such request within ${ms} ms; ${got.length} came`))
        }, ms)
        const look = () => {
          const found = got.find(is)
          if (!found) return
          clearTimeout(timer)
          waiting.delete(look)
          done(found)
        }
        waiting.add(look)
        look()
      }),
    close: () => server.close(),
  }
}

// As much of SMTP as a client needs that sends one e-mail after the other.
export async function receiveMails(port) {
  const got = []
  const server = createTcp((socket) => {
    let rest = ''
    let letter = null
    const say = (line) => socket.write(`${line}\r\n`)
    const hear = (line) => {
      if (letter !== null) {
        if (line !== '.') {
          letter.push(line)
          return
        }
        got.push(letter.join('\n'))
        letter = null
        say('250 taken')
        return
      }
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'EHLO' || verb === 'HELO') say('250 here')
      else if (verb === 'DATA') {
        letter = []
        say('354 go on')
      } else if (verb === 'QUIT') {
        say('221 bye')
        socket.end()
      } else say('250 fine')
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) hear(line)
    })
    socket.on('error', () => undefined)
    say('220 here')
  })
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  return { got, close: () => server.close() }
}
