import { Link } from 'wouter-preact'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Gate } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ServiceName } from '../../components/Service'
import { ShowQuery } from '../../components/ShowQuery'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import { ago } from '../../time/format'
import { parseTime, toMilliseconds } from '../../time/nanoseconds'
import { asOf, linkTo, useFilters, useRange } from '../../url/state'
import { errorsQuery } from './queries'

export function NewestErrors() {
  const { range } = useRange()
  const filters = useFilters()
  const query = errorsQuery(range, filters)
  const loaded = useSql(query.text)
  return (
    <Panel title={t('home.newestErrors')} tools={<ShowQuery query={query} />} flush>
      <Gate of={loaded} height={140}>
        {(data) => {
          const rows = toObjects(data)
          if (rows.length === 0) {
            return (
              <div class="notice calm">
                <Icon name="check" size={24} />
                <strong>{t('home.noErrors')}</strong>
              </div>
            )
          }
          return (
            <ul class="newest-errors">
              {rows.map((row) => (
                <li key={`${row['service_name']} ${row['name']}`}>
                  <span class="error-text"><Icon name="error" size={15} label={t('trace.error')} /></span>
                  <ServiceName name={String(row['service_name'])} />
                  <Value field="name" value={String(row['name'])} class="cut" />
                  <span class="error-message cut" title={String(row['message'] ?? '')}>{String(row['message'] ?? '') || String(row['http_status'] ?? '')}</span>
                  <span class="num quiet">{t('home.times', { n: Number(row['times']) })}</span>
                  <span class="num quiet">{ago(toMilliseconds(parseTime(String(row['latest']))), asOf.value)}</span>
                  <Link class="button small" href={linkTo(`/trace/${row['trace_id']}`, { span: String(row['span_id']) })}>{t('nav.trace')}</Link>
                </li>
              ))}
            </ul>
          )
        }}
      </Gate>
    </Panel>
  )
}
