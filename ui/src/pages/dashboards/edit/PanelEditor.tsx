// One panel large, as it will be, beside everything that can be said about it.
import { useState } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { panelTypes, type Panel, type PanelType } from '../model/document'
import { readDashboard } from '../model/read'
import { pixelsHigh } from '../view/Grid'
import { PanelCard } from '../view/PanelCard'
import { useWidth } from '../view/useSize'
import type { Context } from '../view/usePanelData'
import { altered, AreaField, FieldSet, SelectField, TextField } from './fields'
import { ChartFields, LimitFields, ReducedFields, ThresholdFields } from './LookFields'
import { QueryFields } from './QueryFields'
import type { Draft } from './useDraft'

interface Props {
  panel: Panel
  draft: Draft
  context: Context
  close: () => void
}

export type Alter = (change: { [Key in keyof Panel]?: Panel[Key] | undefined }) => void

export function PanelEditor({ panel, draft, context, close }: Props) {
  const [box, width] = useWidth<HTMLDivElement>()
  const put = (next: Panel) => draft.change((before) => ({ ...before, panels: before.panels.map((one) => (one.id === panel.id ? next : one)) }), `panel ${panel.id}`)
  const alter: Alter = (change) => put(altered(panel, change))
  const variables = draft.dashboard.variables.map(({ name }) => name)
  return (
    <div class="dash-editor">
      <div class="dash-preview" ref={box}>
        {panel.type !== 'row' && width > 0 && <PanelCard panel={panel} context={context} width={width} height={Math.max(260, Math.min(460, pixelsHigh(panel.place.h)))} />}
        {panel.queries.length > 0 || hasQueries(panel.type) ? <QueryFields panel={panel} context={context} alter={alter} /> : null}
        {panel.type === 'text' && <AreaField label="Markdown" value={panel.text ?? ''} onChange={(text) => alter({ text })} rows={12} />}
      </div>
      <div class="dash-form">
        <div class="row">
          <button class="button small" onClick={close}>
            <Icon name="dashboard" size={13} /> {t('dash.back')}
          </button>
        </div>
        <FieldSet title={t('dash.set.panel')}>
          <SelectField label={t('dash.field.type')} value={panel.type} items={panelTypes.filter((type) => type !== 'unsupported' || panel.type === type).map((id) => ({ id, label: t(`dash.type.${id}`) }))} onChange={(type) => alter({ type })} />
          <TextField label={t('dash.field.title')} value={panel.title} onChange={(title) => alter({ title })} />
          <TextField label={t('dash.field.description')} value={panel.description ?? ''} onChange={(description) => alter({ description: description || undefined })} />
          <SelectField
            label={t('dash.field.repeat')} value={panel.repeat?.variable ?? ''} items={[{ id: '', label: t('dash.repeat.no') }, ...variables.map((id) => ({ id, label: `$${id}` }))]}
            onChange={(variable) => alter({ repeat: variable ? { ...panel.repeat, variable } : undefined })}
          />
        </FieldSet>
        {panel.type === 'timeseries' && <ChartFields panel={panel} alter={alter} />}
        {['stat', 'gauge', 'bargauge'].includes(panel.type) && <ReducedFields panel={panel} alter={alter} />}
        {!['text', 'row', 'logs', 'traces', 'unsupported'].includes(panel.type) && <LimitFields panel={panel} alter={alter} />}
        {['timeseries', 'stat', 'gauge', 'bargauge', 'table'].includes(panel.type) && <ThresholdFields panel={panel} alter={alter} />}
        <PanelJson panel={panel} put={put} />
      </div>
    </div>
  )
}

const hasQueries = (type: PanelType): boolean => !['text', 'row', 'unsupported'].includes(type)

// Mappings, overrides, transformations and links are written here.
function PanelJson({ panel, put }: { panel: Panel; put: (panel: Panel) => void }) {
  const written = JSON.stringify({ ...panel, imported: undefined }, null, 2)
  const [text, setText] = useState<string | null>(null)
  const [fault, setFault] = useState('')
  const apply = () => {
    try {
      const [read] = readDashboard({ version: 1, title: '-', panels: [JSON.parse(text ?? written)] }).panels
      if (read) put({ ...read, id: panel.id, ...(panel.imported ? { imported: panel.imported } : {}) })
      setText(null)
      setFault('')
    } catch (cause) {
      setFault(cause instanceof Error ? cause.message : String(cause))
    }
  }
  return (
    <details class="dash-set">
      <summary>{t('dash.panelJson')}</summary>
      <p class="quiet">{t('dash.panelJson.hint')}</p>
      <textarea class="field mono" spellcheck={false} rows={16} aria-label={t('dash.panelJson')} value={text ?? written} onInput={(event) => setText(event.currentTarget.value)} />
      {fault && <p class="error-text mono" role="alert">{fault}</p>}
      <div class="row">
        <button class="button small" disabled={text === null} onClick={apply}>{t('dash.apply')}</button>
        <button class="button small plain" disabled={text === null} onClick={() => { setText(null); setFault('') }}>{t('dash.reset')}</button>
      </div>
    </details>
  )
}
