import { column } from '../../api/client'
import { useSql } from '../../api/query'
import { Gate } from '../../components/Notice'
import { ServiceDot } from '../../components/Service'
import { t } from '../../i18n/translate'
import { compact } from '../../time/format'
import { addFilter, removeFilter } from '../../url/state'
import { facetQuery, type LogScope } from './queries'

export function Facets({ scope }: { scope: LogScope }) {
  return (
    <aside class="facets" aria-label={t('logs.facets')}>
      <Facet scope={scope} facet="severity" title={t('logs.severity')} />
      <Facet scope={scope} facet="service" title={t('logs.service')} />
    </aside>
  )
}

function Facet({ scope, facet, title }: { scope: LogScope; facet: 'service' | 'severity'; title: string }) {
  const loaded = useSql(facetQuery(scope, facet).text)
  const chosen = scope.filters.find((filter) => filter.key === facet && filter.op === '=')
  const toggle = (value: string) => {
    if (chosen) removeFilter(chosen)
    if (chosen?.value !== value) addFilter({ key: facet, op: '=', value })
  }
  return (
    <section class="panel facet">
      <h3>{title}</h3>
      <Gate of={loaded} height={80}>
        {(data) => {
          const values = column(data, 'value').map(String)
          const counts = column(data, 'records').map(Number)
          const most = Math.max(1, ...counts)
          if (values.length === 0) return <p class="quiet facet-none">{t('logs.noneInRange')}</p>
          return (
            <ul>
              {values.map((value, index) => (
                <li key={value}>
                  <button class={`facet-value sev sev-${facet === 'severity' ? value : ''}`} aria-pressed={chosen?.value === value} onClick={() => toggle(value)}>
                    {facet === 'service' ? <span class="service"><ServiceDot name={value} /></span> : <i />}
                    <span class="cut">{value}</span>
                    <span class="num quiet push">{compact(counts[index] ?? 0)}</span>
                    <em style={{ width: `${((counts[index] ?? 0) / most) * 100}%` }} />
                  </button>
                </li>
              ))}
            </ul>
          )
        }}
      </Gate>
    </section>
  )
}
