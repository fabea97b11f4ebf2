import { describe, expect, test } from 'vitest'
import { Problem } from '../src/http.ts'
import { Retries } from '../src/parts/retry.ts'
import { trouble } from '../src/parts/trouble.ts'
import { Source } from '../src/source.ts'

const receipt = (accepted: number, rejected = 0) => ({
  accepted,
  rejected: Array.from({ length: rejected }, () => ({ reason: 'future' })),
})

describe('a run of retries', () => {
  test('keeps account of everything that it tried', async () => {
    const answers: Record<string, () => Promise<ReturnType<typeof receipt>>> = {
      a: async () => receipt(3, 1),
      b: async () => Promise.reject(new Problem(409)),
      c: async () => Promise.reject(new TypeError('network')),
      d: async () => receipt(0, 2),
    }
    const run = new Retries((id) => (answers[id] as () => Promise<ReturnType<typeof receipt>>)())
    expect([...(await run.run(['a', 'b', 'c', 'd']))]).toEqual(['a', 'b', 'd'])
    expect(run.tally.value).toEqual({
      all: 4,
      done: 4,
      accepted: 3,
      rejected: 3,
      already: 1,
      failed: 1,
      running: false,
    })
  })

  test('ends when it is stopped, and when it has not the right', async () => {
    const run = new Retries(async () => {
      run.stop()
      return receipt(1)
    })
    await run.run(['a', 'b', 'c'])
    expect(run.tally.value).toMatchObject({ all: 3, done: 1, running: false })
    const refused = new Retries(async () => Promise.reject(new Problem(403)))
    await refused.run(['a', 'b'])
    expect(refused.tally.value).toMatchObject({ done: 1, failed: 1 })
  })
})

describe('a source', () => {
  test('shows the answer to the newest question only', async () => {
    const source = new Source<string>()
    const slow = source.load(() => new Promise((done) => setTimeout(() => done('old'), 5)))
    await source.load(async () => 'new')
    await slow
    expect(source.state.value).toEqual({ status: 'ready', value: 'new', error: null })
  })

  test('keeps what it had when the next answer fails', async () => {
    const source = new Source<string>()
    await source.load(async () => 'held')
    await source.load(async () => Promise.reject(new Error('x')))
    expect(source.state.value).toMatchObject({ status: 'failed', value: 'held' })
  })
})

test('trouble is told in words, with what the server said', () => {
  expect(trouble(new TypeError('fetch'))).toEqual({ text: 'load.network', detail: '' })
  expect(trouble(new Problem(422, 'not valid', [{ field: 'stations', detail: 'name one' }]))).toEqual({
    text: 'load.invalid',
    detail: 'not valid · stations: name one',
  })
  expect(trouble(new Problem(500))).toEqual({ text: 'load.failed', detail: '' })
})
