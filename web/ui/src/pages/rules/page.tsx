import '../../styles/rules.css'
import '../../styles/mutes.css'
import { useEffect } from 'preact/hooks'
import { PageFrame } from '../../parts/page.tsx'
import { Segments } from '../../parts/segments.tsx'
import { go } from '../../router.ts'
import { words } from '../../state.ts'
import { Limits } from './limits.tsx'
import { RuleList } from './list.tsx'
import { followRules, TABS, tab } from './state.ts'

/** When a value becomes an alert: the rules and the law that they judge by. */
export function RulesPage() {
  const w = words.value
  useEffect(followRules, [])
  return (
    <PageFrame name="rules" title={w.t('page.rules')} lead={w.t(tab.value === 'rules' ? 'rules.lead' : 'limits.lead')}>
      <div class="filters">
        <Segments
          label={w.t('rules.view')}
          options={TABS.map((t) => [t, w.t(`rules.tab_${t}`)] as const)}
          value={tab.value}
          choose={(t) => go('rules', t === 'rules' ? {} : { tab: t })}
        />
      </div>
      {tab.value === 'limits' ? <Limits /> : <RuleList />}
    </PageFrame>
  )
}
