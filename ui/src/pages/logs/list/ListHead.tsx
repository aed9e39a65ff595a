// Names of the chosen fields above their values.
import { Icon } from '../../../components/Icon'
import { t } from '../../../i18n/translate'
import { toggleColumn } from '../parameters'

export function ListHead({ columns }: { columns: readonly string[] }) {
  return (
    <div class="log-columns hide-phone">
      <span class="log-fill" />
      {columns.map((field) => (
        <span key={field} class="log-field" title={field}>
          <span class="cut">{field.replace(/^resource:/, '')}</span>
          <button class="button small icon plain" onClick={() => toggleColumn(field)} aria-label={t('logs.column.remove', { field })} title={t('logs.column.remove', { field })}>
            <Icon name="close" size={11} />
          </button>
        </span>
      ))}
      <span class="log-body">{t('logs.body')}</span>
    </div>
  )
}
