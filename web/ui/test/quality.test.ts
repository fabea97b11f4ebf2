import { expect, test } from 'vitest'
import dialectGo from '../../../ingest/dialect/dialect.go?raw'
import ingestGo from '../../../ingest/ingest.go?raw'
import readingGo from '../../../ingest/reading.go?raw'
import { vi } from '../src/i18n/vi.ts'
import { REASONS } from '../src/pages/quarantine/filter.ts'

// The names are the program's own: a flag or a reason that is added there needs a text here.
const quoted = (text: string) => [...text.matchAll(/"([a-z0-9_]+)"/g)].map((m) => m[1] as string)
const texts: Record<string, string> = vi

test('every quality flag has a name and an explanation', () => {
  const flags = quoted(readingGo.match(/flagNames = [^}]*}/)?.[0] ?? '')
  expect(flags.length).toBeGreaterThan(15)
  for (const flag of flags) {
    expect(texts[`flag.${flag}`], flag).toBeTruthy()
    expect(texts[`flag_why.${flag}`], flag).toBeTruthy()
  }
})

test('every reason for quarantine has a name and an explanation, and can be filtered by', () => {
  const reasons = quoted([...ingestGo.matchAll(/\tReason\w+\s+= "\w+"/g)].join('\n'))
  expect(reasons.length).toBeGreaterThan(10)
  for (const reason of reasons) {
    expect(texts[`reason.${reason}`], reason).toBeTruthy()
    expect(texts[`reason_why.${reason}`], reason).toBeTruthy()
    expect(REASONS, reason).toContain(reason)
  }
})

test('every dialect has a name', () => {
  const dialects = [...dialectGo.matchAll(/\{name: "(\w+)"/g)].map((m) => m[1] as string)
  expect(dialects.length).toBeGreaterThan(10)
  for (const dialect of dialects) expect(texts[`dialect.${dialect}`], dialect).toBeTruthy()
})
