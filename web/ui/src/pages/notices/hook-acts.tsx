import { go } from '../../router.ts'
import { words } from '../../state.ts'
import type { Webhook } from '../../wire-notices.ts'
import { webhooks } from './client.ts'
import { webhookSpec } from './forms.ts'
import { EditHook } from './hook-form.tsx'
import { link, loadHooks, recipientAddress, takeHook } from './state.ts'
import { Sure } from './sure.tsx'
import { TestHook } from './test-hook.tsx'

export type Act = 'test' | 'edit' | 'rotate' | 'link' | 'unlink' | 'disable' | 'delete'

/** What can be done with a webhook. One of the configuration file is changed there; it may be tried and linked. */
export function HookActs({ hook: h, ask }: { hook: Webhook; ask: (act: Act) => void }) {
  const w = words.value
  const own = h.source === 'api'
  const enable = () => void webhooks.change(h.id, { ...webhookSpec(h), enabled: true }).then(takeHook, loadHooks)
  return (
    <div class="notice-acts">
      <button type="button" class="main" onClick={() => ask('test')}>
        {w.t('hooks.test')}
      </button>
      {own && (
        <button type="button" class="quiet" onClick={() => ask('edit')}>
          {w.t('notices.edit')}
        </button>
      )}
      {own && (
        <button type="button" class="quiet" onClick={() => ask('rotate')}>
          {w.t('hooks.rotate')}
        </button>
      )}
      <button type="button" class="quiet" onClick={() => ask('link')}>
        {w.t(h.link_created_at ? 'hooks.link_again' : 'hooks.link_make')}
      </button>
      {h.link_created_at && (
        <button type="button" class="quiet" onClick={() => ask('unlink')}>
          {w.t('hooks.link_back')}
        </button>
      )}
      {own && h.enabled && (
        <button type="button" class="quiet" onClick={() => ask('disable')}>
          {w.t('notices.disable')}
        </button>
      )}
      {own && !h.enabled && (
        <button type="button" class="quiet" onClick={enable}>
          {w.t('notices.enable')}
        </button>
      )}
      {own && (
        <button type="button" class="link grave" onClick={() => ask('delete')}>
          {w.t('act.delete')}
        </button>
      )}
    </div>
  )
}

interface AskedProps {
  hook: Webhook
  act: Act
  onClose: () => void
}

/** The dialog of an act. */
export function HookAsked({ hook: h, act, onClose }: AskedProps) {
  const w = words.value
  if (act === 'test') return <TestHook hook={h} onClose={onClose} />
  if (act === 'edit') return <EditHook hook={h} onClose={onClose} />
  const name = { name: h.name }
  const text = {
    rotate: { title: w.t('hooks.rotate_sure', name), hint: w.t('hooks.rotate_hint'), act: w.t('hooks.rotate') },
    link: {
      title: w.t('hooks.link_sure', name),
      hint: w.t('hooks.link_hint'),
      act: w.t(h.link_created_at ? 'hooks.link_again' : 'hooks.link_make'),
    },
    unlink: { title: w.t('hooks.unlink_sure', name), hint: w.t('hooks.unlink_hint'), act: w.t('hooks.link_back') },
    disable: {
      title: w.t('notices.disable_sure', name),
      hint: w.t('notices.disable_hint'),
      act: w.t('notices.disable'),
    },
    delete: { title: w.t('notices.delete_sure', name), hint: w.t('notices.delete_hint'), act: w.t('act.delete') },
  }[act]
  return <Sure {...text} grave={act === 'delete'} perform={() => perform(h, act)} onClose={onClose} />
}

async function perform(h: Webhook, act: Exclude<Act, 'test' | 'edit'>): Promise<void> {
  switch (act) {
    case 'rotate':
      takeHook(await webhooks.rotate(h.id))
      return
    case 'link': {
      const { token } = await webhooks.link(h.id)
      link.value = { name: h.name, address: recipientAddress(token) }
      break
    }
    case 'unlink':
      await webhooks.unlink(h.id)
      break
    case 'disable':
      takeHook(await webhooks.change(h.id, { ...webhookSpec(h), enabled: false }))
      return
    case 'delete':
      await webhooks.remove(h.id)
      go('notices', {}, 'replace')
  }
  loadHooks()
}
