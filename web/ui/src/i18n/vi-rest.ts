import { figures } from './vi-figures.ts'
import { notices } from './vi-notices.ts'
import { quality } from './vi-quality.ts'
import { registry } from './vi-registry.ts'
import { rules } from './vi-rules.ts'

/** Vietnamese texts of the pages and of the panel of a station: fetched with the first of them. */
export const rest = {
  ...figures,
  ...notices,
  ...quality,
  ...registry,
  ...rules,
}
