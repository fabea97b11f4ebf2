import type { Words } from '../../i18n/format.ts'
import { shortName } from '../../panels/figures.ts'
import type { Parameter } from '../../wire.ts'
import type { Todo } from '../../wire-quality.ts'

/** What is to be done, as a sentence; the code itself where a newer server has one that the page does not know. Pure. */
export function sentence(t: Todo, w: Words, parameters: ReadonlyMap<string, Parameter>): string {
  const names = t.parameters.map((code) => shortName(code, parameters, w)).join(', ')
  const values = { n: w.count(t.count), age: w.span(t.count * 1000), parameters: names }
  return (t.stations > 1 && w.said('todo_many', t.code, values)) || w.said('todo', t.code, values) || t.code
}
