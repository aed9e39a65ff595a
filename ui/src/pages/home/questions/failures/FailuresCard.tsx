import { Link } from 'wouter-preact'
import { toObjects } from '../../../../api/client'
import { useSql } from '../../../../api/query'
import { Icon } from '../../../../components/Icon'
import { ServiceName } from '../../../../components/Service'
import { Sparkline } from '../../../../components/Sparkline'
import { t } from '../../../../i18n/translate'
import { count, duration, percent, stamp } from '../../../../time/format'
import { parseTime } from '../../../../time/nanoseconds'
import { bucketSeconds, bucketStarts } from '../../../../time/range'
import { linkTo, useFilters, useRange, withFilters } from '../../../../url/state'
import { isCounted } from '../../../services/red'
import { servicesQuery, serviceTrendQuery, trendBuckets, trendSeries } from '../../queries'
import { firstFault, Question, SamplingNote, Say, ShareBar, useSampling } from '../Question'
import { answerFailures, requestsLeast, type Failing, type FailuresAnswer } from './answer'
import { examplesQuery, failuresBeforeQuery } from './query'

export function FailuresCard() {
  const { range } = useRange()
  const filters = useFilters()
  const { sampling, loaded: probe } = useSampling(range, isCounted(range, filters))
  const query = sampling && servicesQuery(range, filters, sampling.sampled)
  const loaded = useSql(query?.text ?? null)
  const earlier = useSql(sampling && failuresBeforeQuery(range, filters, sampling.sampled).text)
  const before = earlier.data ? toObjects(earlier.data)[0] : undefined
  return (
    <Question title="ask.failures" query={query} of={firstFault(probe, loaded)} height={210} empty="ask.requests.none">
      {(rows) => {
        const answer = answerFailures(rows)
        return (
          <>
            <Sentence answer={answer} before={rateOf(before)} />
            {answer.services.length > 0 && <Ranking services={answer.services} />}
            {answer.worst && <Examples service={answer.worst.service} />}
            <SamplingNote sampling={sampling} />
          </>
        )
      }}
    </Question>
  )
}

const rateOf = (row: Record<string, unknown> | undefined): number | null => (Number(row?.['requests'] ?? 0) > 0 ? Number(row?.['failed']) / Number(row?.['requests']) : null)

function Sentence({ answer, before }: { answer: FailuresAnswer; before: number | null }) {
  const { total, failed, worst, most } = answer
  const earlier = before === null ? '' : ` ${t('ask.failures.before', { rate: percent(before) })}`
  if (!worst) {
    return (
      <>
        <p class="answer"><span class="ok-text"><Icon name="check" size={16} /></span> {t('ask.failures.none')}</p>
        <p class="aside">{earlier}</p>
      </>
    )
  }
  return (
    <>
      <Say
        text={t('ask.failures.some', { failed: count(Math.round(failed)), total: count(Math.round(total)), rate: percent(total > 0 ? failed / total : 0), share: percent(worst.rate) })}
        parts={{ service: <ServiceName name={worst.service} /> }}
      />
      <p class="aside">
        {earlier}
        {most && ` ${t('ask.failures.most', { service: most.service, n: Math.round(most.failed) })}`}
      </p>
    </>
  )
}

function Ranking({ services }: { services: Failing[] }) {
  const { range } = useRange()
  const filters = useFilters()
  const seconds = bucketSeconds(range, trendBuckets)
  const trends = useSql(serviceTrendQuery(range, filters, seconds).text)
  const series = trendSeries(trends.data ? toObjects(trends.data) : [], bucketStarts(range, seconds))
  const most = services[0]?.rate ?? 1
  return (
    <ol class="ranking">
      {services.slice(0, 5).map(({ service, total, failed, rate, judged }) => (
        <li key={service}>
          <ServiceName name={service} />
          <ShareBar share={rate / most} kind="bad" />
          <Link class="tag error num" href={withFilters('/traces', [{ key: 'service', op: '=', value: service }, { key: 'status', op: '=', value: 'ERROR' }])}>
            <Icon name="error" size={12} /> {percent(rate)}
          </Link>
          <span class="num quiet">{t('ask.failures.count', { failed: count(Math.round(failed)), total: count(Math.round(total)) })}</span>
          {judged ? (
            <Sparkline values={series.get(service)?.errors ?? []} errors={series.get(service)?.errors ?? []} width={72} height={18} label={t('ask.failures.trend', { service })} />
          ) : (
            <span class="tag" title={t('ask.failures.few.hint', { n: requestsLeast })}>{t('ask.failures.few')}</span>
          )}
        </li>
      ))}
    </ol>
  )
}

function Examples({ service }: { service: string }) {
  const { range } = useRange()
  const filters = useFilters()
  const loaded = useSql(examplesQuery(range, filters, service).text)
  const rows = loaded.data ? toObjects(loaded.data) : []
  return (
    <p class="examples">
      <span class="quiet">{t('ask.examples')}</span>
      {rows.map((row) => (
        <Link key={String(row['span_id'])} href={linkTo(`/trace/${row['trace_id']}`, { span: String(row['span_id']) })} title={String(row['status_message'] ?? '')}>
          {String(row['name'])} <span class="num">{duration(Number(row['duration_ns']))}, {stamp(parseTime(String(row['start_time'])))}</span>
        </Link>
      ))}
    </p>
  )
}
