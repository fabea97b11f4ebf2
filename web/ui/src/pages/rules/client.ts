import { all, ask, id, Problem, request, type Tagged } from '../../http.ts'
import type { BacktestProgress, BacktestReport, Rule, RuleEntry } from '../../wire-rules.ts'
import { lines } from './stream.ts'

const YAML = 'application/yaml'

export interface Trial {
  /** The draft, as YAML. */
  rule: string
  from: string
  to: string
  stations: readonly string[]
}

type Line = { progress: BacktestProgress } | { report: BacktestReport } | { error: { status: number; detail?: string } }

export const rules = {
  list: (signal: AbortSignal) => all<RuleEntry>('api/v1/rules', {}, signal),

  /** A rule as a rules file has it, and the tag that a change is held against. */
  text: async (rule: string, signal: AbortSignal): Promise<Tagged<string>> => {
    const answer = await request(`api/v1/rules/${id(rule)}`, { accept: YAML, signal })
    return { value: await answer.text(), tag: answer.headers.get('ETag') ?? '' }
  },

  /** What the server makes of a draft, its defaults filled in; its faults come with their places. Nothing is kept. */
  check: (rule: string, text: string, signal: AbortSignal) =>
    ask<Rule>(`api/v1/rules/${id(rule)}/check`, { method: 'POST', body: text, type: YAML, signal }),

  /** Puts a draft in force over what the tag stands for; "" = there must be none yet. */
  put: (rule: string, text: string, tag: string) =>
    ask<RuleEntry>(`api/v1/rules/${id(rule)}`, {
      method: 'PUT',
      body: text,
      type: YAML,
      ...(tag === '' ? { onlyNew: true } : { onlyTag: tag }),
    }),

  remove: (rule: string, tag: string) => ask<void>(`api/v1/rules/${id(rule)}`, { method: 'DELETE', onlyTag: tag }),

  backtest: async (rule: string, trial: Trial, heard: (p: BacktestProgress) => void, signal: AbortSignal) => {
    const answer = await request(`api/v1/rules/${id(rule)}/backtest`, {
      method: 'POST',
      body: JSON.stringify(trial),
      accept: 'application/x-ndjson',
      signal,
    })
    for await (const text of lines(answer.body)) {
      const line: Line = JSON.parse(text)
      if ('progress' in line) heard(line.progress)
      else if ('report' in line) return line.report
      else throw new Problem(line.error.status, line.error.detail)
    }
    // The connection ended before the report came.
    throw new TypeError('the backtest broke off')
  },
}
