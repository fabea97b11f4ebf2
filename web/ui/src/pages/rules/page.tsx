import '../../styles/gateways.css'
import '../../styles/mutes.css'
import '../../styles/rules.css'
import '../../styles/backtest.css'
import '../../styles/draft.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { PageFrame } from '../../parts/page.tsx'
import { Segments } from '../../parts/segments.tsx'
import { go } from '../../router.ts'
import { can, words } from '../../state.ts'
import { Editor } from './editor.tsx'
import { Limits } from './limits.tsx'
import { RuleList } from './list.tsx'
import { NewRule } from './new.tsx'
import { chosen, followRules, TABS, tab } from './state.ts'

/** When a value becomes an alert: the rules and the law that they judge by. */
export function RulesPage() {
  const w = words.value
  const making = useSignal(false)
  useEffect(followRules, [])
  const acts = can('officer') && tab.value === 'rules' && !chosen.value && (
    <button
      type="button"
      class="main"
      onClick={() => {
        making.value = true
      }}
    >
      {w.t('rules.new')}
    </button>
  )
  return (
    <PageFrame
      name="rules"
      title={w.t('page.rules')}
      lead={w.t(tab.value === 'rules' ? 'rules.lead' : 'limits.lead')}
      acts={acts}
    >
      {!chosen.value && (
        <div class="filters">
          <Segments
            label={w.t('rules.view')}
            options={TABS.map((t) => [t, w.t(`rules.tab_${t}`)] as const)}
            value={tab.value}
            choose={(t) => go('rules', t === 'rules' ? {} : { tab: t })}
          />
        </div>
      )}
      <Shown />
      {making.value && (
        <NewRule
          onClose={() => {
            making.value = false
          }}
        />
      )}
    </PageFrame>
  )
}

function Shown() {
  if (tab.value === 'limits') return <Limits />
  return chosen.value ? <Editor key={chosen.value} /> : <RuleList />
}
