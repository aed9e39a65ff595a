import { useMemo } from 'preact/hooks'
import { toObjects } from '../../../../api/client'
import { useSql, type Loaded } from '../../../../api/query'
import type { SqlAnswer } from '../../../../api/types'
import { Sparkline } from '../../../../components/Sparkline'
import { t } from '../../../../i18n/translate'
import { timeZone } from '../../../../settings/settings'
import type { Sql } from '../../../../sql/escape'
import { compact, count, minute, percent } from '../../../../time/format'
import { fromMilliseconds, toMilliseconds } from '../../../../time/nanoseconds'
import { useFilters, useRange } from '../../../../url/state'
import { isCounted } from '../../../services/red'
import { daysBefore, startOfDay } from '../calendar'
import { firstFault, Nothing, Question, SamplingNote, Say, useSampling } from '../Question'
import type { Sampling } from '../sampling'
import { answerRequests, change, readQuarters, type Day, type Quarter } from './answer'
import { histogramsQuery, readHistograms } from './histograms'
import { outsideQuery, requestsQuery, requestsRange } from './query'

export interface RequestsLoaded {
  query: Sql | null
  quarters: Quarter[]
  byMetrics: boolean
  loaded: Loaded<SqlAnswer>
  sampling: Sampling | null
  now: number
  zone: string
}

// Two weeks of quarters of hours, for this question and for that of the busiest hour. They end where the range ends, and
// come from metrics where no span answered a request.
export function useRequests(): RequestsLoaded {
  const { range } = useRange()
  const filters = useFilters()
  const zone = timeZone.value
  const now = toMilliseconds(range.to)
  const days = requestsRange(now, zone)
  const { sampling, loaded: probe } = useSampling(days, isCounted(days, filters))
  const query = sampling && requestsQuery(days, filters, sampling.sampled, zone)
  const loaded = useSql(query?.text ?? null)
  const byMetrics = loaded.data?.rows.length === 0
  const metrics = useSql(byMetrics ? histogramsQuery(days, filters).text : null)
  const rows = byMetrics ? metrics.data : loaded.data
  const quarters = useMemo(() => (rows ? (byMetrics ? readHistograms : readQuarters)(toObjects(rows)) : []), [rows, byMetrics])
  return {
    query: byMetrics ? histogramsQuery(days, filters) : query,
    quarters,
    byMetrics,
    loaded: byMetrics ? metrics : firstFault(probe, loaded),
    sampling: byMetrics ? null : sampling,
    now,
    zone,
  }
}

// Counts do not tell requests from outside, so those of today are counted one by one; the answer does not wait for them.
function useOutside({ sampling, now, zone, byMetrics }: RequestsLoaded): number | null {
  const filters = useFilters()
  const today = { from: fromMilliseconds(startOfDay(now, zone)), to: fromMilliseconds(now) }
  const needed = sampling !== null && !byMetrics && isCounted(requestsRange(now, zone), filters)
  const loaded = useSql(needed ? outsideQuery(today, filters, sampling.sampled).text : null)
  const row = needed && loaded.data ? toObjects(loaded.data)[0] : undefined
  return row ? Number(row['outside']) : null
}

export function RequestsCard() {
  const requests = useRequests()
  const { query, loaded, zone, quarters } = requests
  return (
    <Question title="ask.requests" note={t('ask.requests.note', { zone })} query={query} of={loaded} height={210} empty="ask.requests.none">
      {() => (quarters.length === 0 ? <Nothing text="ask.requests.none" /> : <Days of={requests} />)}
    </Question>
  )
}

function Days({ of: requests }: { of: RequestsLoaded }) {
  const { quarters, now, zone, sampling, byMetrics } = requests
  const answer = useMemo(() => answerRequests(quarters, now, zone), [quarters, now, zone])
  const { today, yesterday, lastWeek, hours } = answer
  const outsideToday = useOutside(requests) ?? answer.outsideToday
  const weekday = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: 'long', timeZone: zone }).format(daysBefore(now, zone, 7))
  return (
    <>
      <div class="answer-big num">
        <b>{compact(Math.round(today.soFar))}</b>
        <Say text={t(sentenceOf(today, yesterday), { change: percent(Math.abs(change(today.soFar, yesterday.soFar) ?? 0)), time: minute(now) })} />
      </div>
      <Sparkline
        values={hours.map(({ requests }) => requests)}
        errors={hours.map(({ failed }) => failed)}
        width={420}
        height={44}
        label={t('ask.requests.hours', { n: Math.round(hours.reduce((sum, hour) => sum + hour.requests, 0)) })}
      />
      <table class="facts-table num">
        <thead>
          <tr>
            <th scope="col"><span class="visually-hidden">{t('chart.time')}</span></th>
            <th scope="col" class="right">{t('ask.requests.until', { time: minute(now) })}</th>
            <th scope="col" class="right">{t('ask.requests.change')}</th>
            <th scope="col" class="right">{t('ask.requests.whole')}</th>
          </tr>
        </thead>
        <tbody>
          <Line name={t('ask.requests.today')} day={today} today={today} />
          <Line name={t('ask.requests.yesterday')} day={yesterday} today={today} />
          <Line name={t('ask.requests.lastWeek', { weekday })} day={lastWeek} today={today} />
        </tbody>
      </table>
      {outsideToday > 0 && outsideToday < today.soFar && <p class="aside">{t('ask.requests.outside', { n: Math.round(outsideToday) })}</p>}
      {byMetrics && <p class="aside">{t('ask.requests.byMetrics')}</p>}
      <SamplingNote sampling={sampling} />
    </>
  )
}

function sentenceOf(today: Day, yesterday: Day) {
  const difference = yesterday.known ? change(today.soFar, yesterday.soFar) : null
  if (difference === null) return 'ask.requests.first'
  if (Math.abs(difference) < 0.005) return 'ask.requests.same'
  return difference > 0 ? 'ask.requests.more' : 'ask.requests.fewer'
}

function Line({ name, day, today }: { name: string; day: Day; today: Day }) {
  const difference = day === today ? null : change(today.soFar, day.soFar)
  const sign = difference !== null && difference > 0 ? '+' : ''
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="right">{day.known ? count(Math.round(day.soFar)) : <span class="quiet">{t('ask.requests.noRecord')}</span>}</td>
      <td class="right">{difference === null || !day.known ? '' : `${sign}${percent(difference)}`}</td>
      <td class="right">{day === today || !day.known ? '' : count(Math.round(day.whole))}</td>
    </tr>
  )
}
