// What holds for the whole dashboard, and its variables.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { defaultSampleInterval, variableTypes, type Dashboard, type Variable } from '../model/document'
import { AnnotationForms, newAnnotation } from './AnnotationForms'
import { altered, AreaField, CheckField, FieldSet, SelectField, TextField } from './fields'
import type { Draft } from './useDraft'

export function SettingsForm({ draft, close }: { draft: Draft; close: () => void }) {
  const { dashboard } = draft
  const { annotations = [] } = dashboard
  const alter = (change: { [Key in keyof Dashboard]?: Dashboard[Key] | undefined }) => draft.change((before) => altered(before, change), 'settings')
  const put = (at: number, variable: Variable) => alter({ variables: dashboard.variables.map((one, index) => (index === at ? variable : one)) })
  const move = (at: number) => {
    const next = [...dashboard.variables]
    const [one] = next.splice(at, 1)
    if (one) next.splice(Math.max(0, at - 1), 0, one)
    alter({ variables: next })
  }
  const add = () => {
    const taken = new Set(dashboard.variables.map(({ name }) => name))
    let number = 1
    while (taken.has(`variable${number}`)) number += 1
    alter({ variables: [...dashboard.variables, { name: `variable${number}`, type: 'query', query: '' }] })
  }
  return (
    <Dialog title={t('dash.settings')} close={close}>
      <div class="stack dash-queries dash-settings">
        <FieldSet title={t('dash.set.dashboard')}>
          <TextField label={t('dash.field.title')} value={dashboard.title} onChange={(title) => alter({ title: title || t('dash.untitled') })} />
          <TextField label={t('dash.field.description')} value={dashboard.description ?? ''} onChange={(description) => alter({ description: description || undefined })} />
          <TextField label={t('dash.field.tags')} value={dashboard.tags.join(', ')} hint="python, web" onChange={(tags) => alter({ tags: tags.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '') })} />
          <TextField label={t('dash.field.time')} value={typeof dashboard.time === 'string' ? dashboard.time : `${dashboard.time.from} – ${dashboard.time.to}`} hint="1h" onChange={(time) => alter({ time })} />
          <TextField label={t('dash.refresh')} value={dashboard.refresh ?? ''} hint="30s" onChange={(refresh) => alter({ refresh: refresh || undefined })} />
          <TextField label={t('dash.field.samples')} value={dashboard.sampleInterval ?? ''} hint={defaultSampleInterval} onChange={(sampleInterval) => alter({ sampleInterval: sampleInterval || undefined })} />
        </FieldSet>
        <p class="quiet">{t('dash.field.samples.hint')}</p>
        {dashboard.variables.map((variable, at) => (
          <VariableForm key={at} variable={variable} put={(next) => put(at, next)} up={at > 0 ? () => move(at) : undefined} remove={() => alter({ variables: dashboard.variables.filter((_, index) => index !== at) })} />
        ))}
        <AnnotationForms annotations={annotations} put={(next) => alter({ annotations: next })} />
        <div class="row">
          <button class="button small" onClick={add}>
            <Icon name="plus" size={13} /> {t('dash.variable.add')}
          </button>
          <button class="button small" onClick={() => alter({ annotations: [...annotations, newAnnotation(annotations)] })}>
            <Icon name="plus" size={13} /> {t('dash.annotation.add')}
          </button>
          <button class="button primary push" onClick={close}>{t('sql.done')}</button>
        </div>
      </div>
    </Dialog>
  )
}

interface VariableProps {
  variable: Variable
  put: (variable: Variable) => void
  up: (() => void) | undefined
  remove: () => void
}

function VariableForm({ variable, put, up, remove }: VariableProps) {
  const alter = (change: { [Key in keyof Variable]?: Variable[Key] | undefined }) => put(altered(variable, change))
  const asks = variable.type === 'query'
  const lists = asks || variable.type === 'custom'
  const tools = (
    <span class="row">
      {up && <button class="button small icon plain" onClick={up} aria-label={t('sql.moveUp')} title={t('sql.moveUp')}><Icon name="up" size={13} /></button>}
      <button class="button small plain" onClick={remove}><Icon name="trash" size={13} /> {t('dash.remove')}</button>
    </span>
  )
  return (
    <FieldSet title={`$${variable.name}`} tools={tools}>
      <TextField label={t('dash.field.name')} value={variable.name} onChange={(name) => /^[A-Za-z_]\w*$/.test(name) && alter({ name })} mono />
      <SelectField label={t('dash.field.type')} value={variable.type} items={variableTypes.map((id) => ({ id, label: t(`dash.variable.${id}`) }))} onChange={(type) => alter({ type })} />
      <TextField label={t('dash.field.label')} value={variable.label ?? ''} onChange={(label) => alter({ label: label || undefined })} />
      {asks && <SelectField label={t('dash.field.language')} value={variable.language ?? 'promql'} items={[{ id: 'promql', label: 'PromQL' }, { id: 'sql', label: 'SQL' }]} onChange={(language) => alter({ language: language === 'sql' ? 'sql' : undefined })} />}
      <AreaField label={t(asks ? 'dash.field.query' : 'dash.field.values')} value={variable.query} hint={asks ? 'label_values(http_server_request_duration_seconds_count, service_name)' : variable.type === 'interval' ? '1m, 10m, 1h' : 'a, b, c'} onChange={(query) => alter({ query })} rows={2} />
      {asks && <TextField label={t('dash.field.regex')} value={variable.regex ?? ''} hint="/(.*)/" onChange={(regex) => alter({ regex: regex || undefined })} mono />}
      {asks && <SelectField label={t('dash.field.sort')} value={variable.sort ?? 'none'} items={(['none', 'name', '-name', 'number', '-number'] as const).map((id) => ({ id, label: t(`dash.sort.${id}`) }))} onChange={(sort) => alter({ sort: sort === 'none' ? undefined : sort })} />}
      {lists && <CheckField label={t('dash.field.multi')} value={variable.multi === true} onChange={(multi) => alter({ multi: multi || undefined })} />}
      {lists && <CheckField label={t('dash.field.all')} value={variable.all === true} onChange={(all) => alter({ all: all || undefined })} />}
      {lists && variable.all && <TextField label={t('dash.field.allValue')} value={variable.allValue ?? ''} hint=".*" onChange={(allValue) => alter({ allValue: allValue || undefined })} mono />}
      {variable.type === 'interval' && <CheckField label="auto" value={variable.auto === true} onChange={(auto) => alter({ auto: auto || undefined })} />}
      <CheckField label={t('dash.hidden')} value={variable.hidden === true} onChange={(hidden) => alter({ hidden: hidden || undefined })} />
    </FieldSet>
  )
}
