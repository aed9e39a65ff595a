import { useMemo } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { toObjects, type Row } from '../../api/client'
import { useSql } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Gate, NothingMatches } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ServiceName } from '../../components/Service'
import { ShowQuery } from '../../components/ShowQuery'
import { Sparkline } from '../../components/Sparkline'
import { t } from '../../i18n/translate'
import { ago, compact, count, duration, percent, rate } from '../../time/format'
import { parseTime, toMilliseconds } from '../../time/nanoseconds'
import { bucketSeconds, bucketStarts } from '../../time/range'
import { asOf, useFilters, useRange, withFilters } from '../../url/state'
import { isCounted } from '../services/red'
import { firstFault, useSampling } from './questions/Question'
import { servicesQuery, serviceTrendQuery, trendBuckets, trendSeries, type Trend } from './queries'

export function Services() {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, loaded: probe } = useSampling(range, isCounted(range, filters))
  const query = sampling && servicesQuery(range, filters, sampling.sampled)
  const loaded = firstFault(probe, useSql(query?.text ?? null))
  const seconds = bucketSeconds(range, trendBuckets)
  const trends = useSql(serviceTrendQuery(range, filters, seconds).text)
  const byService = useMemo(() => trendSeries(trends.data ? toObjects(trends.data) : [], bucketStarts(range, seconds)), [trends.data])
  const windowSeconds = Number(range.to - range.from) / 1e9
  return (
    <Panel title={t('home.services')} note={t('home.services.note')} tools={query && <ShowQuery query={query} />} flush>
      <Gate of={loaded} height={160}>
        {(data) => {
          const rows = toObjects(data)
          if (rows.length === 0) return <NothingMatches />
          return (
            <div class="scroll-x" tabIndex={0} role="region" aria-label={t('home.services')}>
              <table class="grid-table num services">
                <Head />
                <tbody>
                  {rows.map((row) => (
                    <Line key={String(row['service_name'])} row={row} trend={byService.get(String(row['service_name']))} windowSeconds={windowSeconds} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }}
      </Gate>
    </Panel>
  )
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col">{t('home.service')}</th>
        <th scope="col">{t('home.trend')}</th>
        <th scope="col" class="right">{t('home.rate')}</th>
        <th scope="col" class="right">{t('home.errorRate')}</th>
        <th scope="col" class="right">p50</th>
        <th scope="col" class="right">p95</th>
        <th scope="col" class="right">p99</th>
        <th scope="col" class="right">{t('home.lastSeen')}</th>
        <th scope="col"><span class="visually-hidden">{t('home.open')}</span></th>
      </tr>
    </thead>
  )
}

// A service without requests of its own (a batch job, say) is judged by its spans.
function Line({ row, trend, windowSeconds }: { row: Row; trend: Trend | undefined; windowSeconds: number }) {
  const name = String(row['service_name'])
  const own = Number(row['requests']) > 0
  const total = Number(own ? row['requests'] : row['spans'])
  const failed = Number(own ? row['failed'] : row['span_errors'])
  const time = (key: string) => (row[key] === null || row[key] === undefined ? '–' : duration(Number(row[key])))
  const lastSeen = toMilliseconds(parseTime(String(row['last_seen'])))
  const filter = [{ key: 'service', op: '=' as const, value: name }]
  return (
    <tr>
      <td><ServiceName name={name} /></td>
      <td>{trend && <Sparkline values={trend.spans} errors={trend.errors} label={t('home.trendOf', { service: name })} />}</td>
      <td class="right">
        {rate(total / windowSeconds)}/s <span class="quiet">{compact(Math.round(total))}{own ? '' : ' spans'}</span>
      </td>
      <td class="right">
        {failed > 0 ? (
          <Link class="tag error" href={withFilters('/traces', [...filter, { key: 'status', op: '=', value: 'ERROR' }])}>
            <Icon name="error" size={12} /> {percent(failed / total)} · {count(Math.round(failed))}
          </Link>
        ) : (
          <span class="quiet">{percent(0)}</span>
        )}
      </td>
      <td class="right">{time('p50')}</td>
      <td class="right"><b>{time('p95')}</b></td>
      <td class="right">{time('p99')}</td>
      <td class="right quiet">{ago(lastSeen, asOf.value)}</td>
      <td class="right">
        <Link class="button small" href={withFilters('/traces', filter)} aria-label={`${t('nav.traces')}: ${name}`}>{t('nav.traces')}</Link>{' '}
        <Link class="button small" href={withFilters('/logs', filter)} aria-label={`${t('nav.logs')}: ${name}`}>{t('nav.logs')}</Link>
      </td>
    </tr>
  )
}
