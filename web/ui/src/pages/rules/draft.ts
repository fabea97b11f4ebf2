import { type Document, isCollection, isMap, isScalar, parseDocument } from 'yaml'
import type { Rule } from '../../wire-rules.ts'

/** The text of a draft: read for the form, and changed by it without touching comments and order. Pure. */

/** What a new rule begins as. */
export const TEMPLATE = `name:
  vi: Quy tắc mới
  en: New rule
parameters: [cod]
on: value
# multiples of the limit in force
levels:
  warning: 0.9
  critical: 1
for: 10m
clear: 0.95
keep_open: 15m
`

/** What the text says, as far as the form needs it; null while it is no mapping. What is wrong in it is for the server to say. */
export function read(text: string): Partial<Rule> | null {
  const doc = parse(text)
  return doc ? (doc.toJS({ maxAliasCount: 0 }) as Partial<Rule>) : null
}

function parse(text: string): Document | null {
  const doc = parseDocument(text)
  return doc.errors.length === 0 && isMap(doc.contents) && !hasAliases(text) ? doc : null
}

/** The server takes none, and with none a small text stays a small rule. */
function hasAliases(text: string): boolean {
  return /(^|[\s,:[{-])[&*][\w-]/.test(text)
}

/** The text with one value in the place of another; an undefined one is taken out, and so is what that leaves empty. */
export function change(text: string, path: readonly string[], value: unknown): string {
  const doc = parse(text)
  if (!doc) return text
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    doc.deleteIn(path)
    const parent = path.slice(0, -1)
    const left = doc.getIn(parent, true)
    if (parent.length > 0 && isCollection(left) && left.items.length === 0) doc.deleteIn(parent)
  } else {
    set(doc, path, value)
  }
  return doc.toString({ lineWidth: 0, flowCollectionPadding: false })
}

function set(doc: Document, path: readonly string[], value: unknown): void {
  const held = doc.getIn(path, true)
  // A comment behind a value stays when the value changes.
  if (isScalar(held) && !Array.isArray(value)) {
    held.value = value
    delete held.source
    return
  }
  doc.setIn(path, doc.createNode(value, { flow: Array.isArray(value) }))
}

/** Where a line and column, from 1 on, are in a text. */
export function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n')
  const before = lines.slice(0, Math.max(0, line - 1))
  const start = before.reduce((sum, l) => sum + l.length + 1, 0)
  return Math.min(text.length, start + Math.max(0, column - 1))
}
