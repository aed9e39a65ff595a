import { useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import type { PanelType } from '../model/document'
import { freePlace } from '../model/grid'
import { JsonDialog } from './JsonDialog'
import { SettingsForm } from './SettingsForm'
import type { Draft } from './useDraft'
import type { Saving } from './useSaving'

interface Props {
  draft: Draft
  saving: Saving
  done: () => void
  onPanel: (id: number) => void
  inPanel: boolean
}

const addable: readonly PanelType[] = ['timeseries', 'stat', 'gauge', 'bargauge', 'table', 'heatmap', 'logs', 'traces', 'text', 'row']

export function EditTools({ draft, saving, done, onPanel, inPanel }: Props) {
  const [open, setOpen] = useState<'settings' | 'json' | null>(null)
  const add = (type: PanelType) => {
    const { panels } = draft.dashboard
    const id = panels.reduce((most, panel) => Math.max(most, panel.id), 0) + 1
    const place = type === 'row' ? { ...freePlace(panels, 24, 1), x: 0 } : freePlace(panels, type === 'stat' || type === 'gauge' ? 6 : 12, type === 'stat' || type === 'gauge' ? 5 : 8)
    const language = type === 'logs' ? 'sql' : type === 'traces' ? 'traceql' : 'promql'
    const queries = type === 'row' || type === 'text' ? [] : [{ ref: 'A', language, query: '' } as const]
    draft.change((before) => ({ ...before, panels: [...before.panels, { id, type, title: t(`dash.type.${type}`), place, queries }] }))
    if (type !== 'row') onPanel(id)
  }
  return (
    <>
      {!inPanel && (
        <label class="dash-add">
          <span class="visually-hidden">{t('dash.add')}</span>
          <select class="field" value="" onChange={(event) => { add(event.currentTarget.value as PanelType); event.currentTarget.value = '' }}>
            <option value="" disabled>+ {t('dash.add')}</option>
            {addable.map((type) => <option key={type} value={type}>{t(`dash.type.${type}`)}</option>)}
          </select>
        </label>
      )}
      <IconButton icon="undo" label={t('dash.undo')} onClick={draft.undo} off={!draft.canUndo} />
      <IconButton icon="redo" label={t('dash.redo')} onClick={draft.redo} off={!draft.canRedo} />
      <IconButton icon="settings" label={t('dash.settings')} onClick={() => setOpen('settings')} />
      <button class="button hide-phone" onClick={() => setOpen('json')}>JSON</button>
      <button class="button primary push" onClick={saving.save} disabled={!draft.dirty || saving.busy}>
        <Icon name="save" size={14} /> {t('dash.save')}
      </button>
      <button class="button" onClick={done}>{t('sql.done')}</button>
      {open === 'settings' && <SettingsForm draft={draft} close={() => setOpen(null)} />}
      {open === 'json' && <JsonDialog draft={draft} close={() => setOpen(null)} />}
    </>
  )
}

function IconButton({ icon, label, onClick, off = false }: { icon: 'undo' | 'redo' | 'settings'; label: string; onClick: () => void; off?: boolean }) {
  return (
    <button class="button icon" onClick={onClick} disabled={off} title={label} aria-label={label}>
      <Icon name={icon} size={15} />
    </button>
  )
}
