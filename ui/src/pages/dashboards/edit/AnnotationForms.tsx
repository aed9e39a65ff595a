// What is marked in the charts of a dashboard.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { colourNames, type Annotation } from '../model/document'
import { altered, AreaField, CheckField, FieldSet, SelectField, TextField } from './fields'

interface FormsProps {
  annotations: readonly Annotation[]
  put: (annotations: Annotation[] | undefined) => void
}

const hints = {
  promql: 'changes(process_start_time_seconds[5m]) > 0',
  sql: "SELECT time, body FROM logs WHERE $__timeFilter(time) AND event_name = 'deploy' ORDER BY time DESC LIMIT 100",
}

export function AnnotationForms({ annotations, put }: FormsProps) {
  const replace = (at: number, next: Annotation) => put(annotations.map((one, index) => (index === at ? next : one)))
  const remove = (at: number) => {
    const left = annotations.filter((_, index) => index !== at)
    put(left.length > 0 ? left : undefined)
  }
  return (
    <>
      {annotations.map((one, at) => {
        const alter = (change: { [Key in keyof Annotation]?: Annotation[Key] | undefined }) => replace(at, altered(one, change))
        const tools = <button class="button small plain" onClick={() => remove(at)}><Icon name="trash" size={13} /> {t('dash.remove')}</button>
        const colours = [...new Set([...colourNames, ...(one.colour ? [one.colour] : [])])]
        return (
          <FieldSet key={at} title={t('dash.annotation.one', { name: one.name })} tools={tools}>
            <TextField label={t('dash.field.name')} value={one.name} onChange={(name) => name.trim() !== '' && alter({ name })} />
            <SelectField label={t('dash.field.language')} value={one.language} items={[{ id: 'promql', label: 'PromQL' }, { id: 'sql', label: 'SQL' }]} onChange={(language) => alter({ language })} />
            <TextField label={t('dash.annotation.text')} value={one.text ?? ''} hint="{{label}}" onChange={(text) => alter({ text: text || undefined })} />
            <SelectField label={t('dash.field.colour')} value={one.colour ?? 'blue'} items={colours.map((id) => ({ id, label: isNamed(id) ? t(`dash.colour.${id}`) : id }))} onChange={(colour) => alter({ colour })} />
            <CheckField label={t('dash.annotation.off')} value={one.off === true} onChange={(off) => alter({ off: off || undefined })} />
            <AreaField label={t('dash.field.query')} value={one.query} hint={hints[one.language]} onChange={(query) => alter({ query })} rows={2} />
          </FieldSet>
        )
      })}
    </>
  )
}

const isNamed = (colour: string): colour is (typeof colourNames)[number] => (colourNames as readonly string[]).includes(colour)

export function newAnnotation(annotations: readonly Annotation[]): Annotation {
  const taken = new Set(annotations.map(({ name }) => name))
  let number = 1
  while (taken.has(t('dash.annotation.new', { n: number }))) number += 1
  return { name: t('dash.annotation.new', { n: number }), language: 'promql', query: '' }
}
