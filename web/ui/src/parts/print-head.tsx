import { printedAt } from '../print.ts'
import { model, words } from '../state.ts'
import { roleName } from './notes.tsx'

/** The head of a sheet that goes into a file: what it is, of whom, who printed it and when. It is on paper only. */
export function PrintHead({ title, lines }: { title: string; lines: readonly string[] }) {
  const w = words.value
  const info = model.value.info
  return (
    <header class="print-head">
      <p class="print-of">
        {w.t('app.name')} · {w.text(info?.title)}
        {info?.demo && ` · ${w.t('app.demo')}`}
      </p>
      <p class="print-title">{title}</p>
      {lines.filter(Boolean).map((l) => (
        <p key={l}>{l}</p>
      ))}
      <p class="print-when">
        {w.t('print.by', { who: info?.user?.name || roleName(info?.role ?? 'none'), when: w.moment(printedAt.value) })}
        <br />
        {location.href}
      </p>
    </header>
  )
}
