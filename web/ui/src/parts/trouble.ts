import { Problem } from '../http.ts'
import type { Key } from '../i18n/vi.ts'

const BY_STATUS: Record<number, Key> = {
  401: 'load.role',
  403: 'load.role',
  404: 'load.not_found',
  405: 'load.not_found',
  409: 'load.conflict',
  412: 'load.conflict',
  413: 'load.too_large',
  400: 'load.invalid',
  422: 'load.invalid',
  429: 'load.busy',
  503: 'load.busy',
}

/** What went wrong in words, and what the server said of it, in its own. Pure. */
export function trouble(error: unknown): { text: Key; detail: string } {
  if (!(error instanceof Problem))
    return { text: error instanceof TypeError ? 'load.network' : 'load.failed', detail: '' }
  const fields = error.fields.map((f) => `${f.field}: ${f.detail}`)
  return {
    text: BY_STATUS[error.status] ?? 'load.failed',
    detail: [error.detail, ...fields].filter(Boolean).join(' · '),
  }
}
