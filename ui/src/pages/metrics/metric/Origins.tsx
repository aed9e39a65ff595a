// Who sends a metric, and what else they send of the same time.
import { Link } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { ServiceDot } from '../../../components/Service'
import { t } from '../../../i18n/translate'
import type { Filter } from '../../../sql/filter'
import { useFilters, withFilters } from '../../../url/state'
import { linkTo } from '../../../url/state'
import { servicePath } from '../../services/address'
import type { Described } from './MetricView'
import type { MetricSeries } from './useMetric'

const most = 8

export function Origins({ metric, series }: { metric: Described; series: MetricSeries }) {
  const filters = useFilters()
  const found = series.labels.find(({ label }) => label === (metric.name.startsWith('traces_') ? 'service' : 'service_name'))
  if (!found) return null
  const names = found.values.map(({ value }) => value)
  const others = filters.filter(({ key }) => key !== 'service')
  const of = (name: string): Filter[] => [...others, { key: 'service', op: '=', value: name }]
  return (
    <div class="origins">
      <span class="quiet">{t('metrics.sentBy')}</span>
      {names.slice(0, most).map((name) => (
        <span class="origin" key={name}>
          <Link class="service" href={linkTo(servicePath(name))}><ServiceDot name={name} />{name}</Link>
          <Link class="origin-link" href={withFilters('/traces', of(name))} title={t('metrics.tracesOf', { service: name })} aria-label={t('metrics.tracesOf', { service: name })}><Icon name="trace" size={13} /></Link>
          <Link class="origin-link" href={withFilters('/logs', of(name))} title={t('metrics.logsOf', { service: name })} aria-label={t('metrics.logsOf', { service: name })}><Icon name="logs" size={13} /></Link>
        </span>
      ))}
      {names.length > most && <span class="quiet">{t('metrics.moreServices', { n: names.length - most })}</span>}
    </div>
  )
}
