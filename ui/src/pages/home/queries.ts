import { all, attribute, integer, sql, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { bucket, within } from '../../sql/range'
import type { Row } from '../../api/client'
import type { Range } from '../../time/range'
import { isCounted, whole } from '../services/red'
import { countedSpans } from './counted'
import { counted } from './questions/sampling'

// Requests are the spans that a service answers, so that inner work does not count as traffic.
const entries = sql`kind IN ('SERVER', 'CONSUMER')`

const spansWhere = (range: Range, filters: readonly Filter[]): Sql => all([within('start_time', range), ...filterConditions(filters, 'spans')])

// A sum of what is counted already.
export const summedCounts = (condition?: Sql): Sql => whole(sql`coalesce(sum(count)${condition ? sql` FILTER (WHERE ${condition})` : sql``}, 0)`)

const quantile = (place: number): Sql => sql`(duration_quantiles(duration_buckets, duration_counts) FILTER (WHERE ${entries}))[${integer(place)}]`

export function servicesQuery(range: Range, filters: readonly Filter[], sampled = false): Sql {
  return isCounted(range, filters) ? countedServices(range, filters, sampled) : singleServices(range, filters, sampled)
}

function countedServices(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  return sql`SELECT service_name,
  ${summedCounts(entries)} AS requests,
  ${summedCounts(sql`${entries} AND status_code = 'ERROR'`)} AS failed,
  ${summedCounts()} AS spans,
  ${summedCounts(sql`status_code = 'ERROR'`)} AS span_errors,
  ${quantile(1)} AS p50,
  ${quantile(2)} AS p95,
  ${quantile(3)} AS p99,
  max(last_time) AS last_seen
FROM ${countedSpans(range, filters, sampled)}
GROUP BY service_name
HAVING sum(count) > 0
ORDER BY requests DESC, spans DESC
LIMIT 50`
}

function singleServices(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  return sql`SELECT service_name,
  ${counted(sampled, entries)} AS requests,
  ${counted(sampled, sql`${entries} AND status_code = 'ERROR'`)} AS failed,
  ${counted(sampled)} AS spans,
  ${counted(sampled, sql`status_code = 'ERROR'`)} AS span_errors,
  approx_percentile_cont(CASE WHEN ${entries} THEN duration_ns END, 0.5) AS p50,
  approx_percentile_cont(CASE WHEN ${entries} THEN duration_ns END, 0.95) AS p95,
  approx_percentile_cont(CASE WHEN ${entries} THEN duration_ns END, 0.99) AS p99,
  max(start_time) AS last_seen
FROM spans
WHERE ${spansWhere(range, filters)}
GROUP BY service_name
ORDER BY requests DESC, spans DESC
LIMIT 50`
}

export function serviceTrendQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  if (isCounted(range, filters, seconds)) {
    return sql`SELECT service_name, CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second,
  sum(spans) AS spans,
  coalesce(sum(spans) FILTER (WHERE status_code = 'ERROR'), 0) AS errors
FROM ${countedSpans(range, filters, false)}
GROUP BY 1, 2
HAVING spans > 0`
  }
  return sql`SELECT service_name, CAST(${bucket('start_time', seconds)} AS BIGINT) / 1000000000 AS second,
  count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'ERROR') AS errors
FROM spans
WHERE ${spansWhere(range, filters)}
GROUP BY 1, 2`
}

export const trendBuckets = 40

export interface Trend {
  spans: number[]
  errors: number[]
}

export function trendSeries(rows: readonly Row[], times: readonly number[]): Map<string, Trend> {
  const place = new Map(times.map((time, index) => [time, index]))
  const series = new Map<string, Trend>()
  for (const row of rows) {
    const name = String(row['service_name'])
    const trend = series.get(name) ?? { spans: times.map(() => 0), errors: times.map(() => 0) }
    const index = place.get(Number(row['second']))
    if (index !== undefined) {
      trend.spans[index] = Number(row['spans'])
      trend.errors[index] = Number(row['errors'])
    }
    series.set(name, trend)
  }
  return series
}

export function spanVolumeQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  if (isCounted(range, filters, seconds)) {
    return sql`SELECT CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second,
  coalesce(sum(spans) FILTER (WHERE status_code <> 'ERROR'), 0) AS fine,
  coalesce(sum(spans) FILTER (WHERE status_code = 'ERROR'), 0) AS failed
FROM ${countedSpans(range, filters, false)}
GROUP BY 1
HAVING sum(spans) > 0`
  }
  return sql`SELECT CAST(${bucket('start_time', seconds)} AS BIGINT) / 1000000000 AS second,
  count(*) FILTER (WHERE status_code <> 'ERROR') AS fine,
  count(*) FILTER (WHERE status_code = 'ERROR') AS failed
FROM spans
WHERE ${spansWhere(range, filters)}
GROUP BY 1`
}

export function logVolumeQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  return sql`SELECT CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second,
  count(*) FILTER (WHERE severity_number < 17) AS fine,
  count(*) FILTER (WHERE severity_number >= 17) AS failed
FROM logs
WHERE ${all([within('time', range), ...filterConditions(filters, 'logs')])}
GROUP BY 1`
}

export function metricVolumeQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  return sql`SELECT CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second, count(*) AS fine
FROM metrics
WHERE ${all([within('time', range), ...filterConditions(filters, 'metrics')])}
GROUP BY 1`
}

export function errorsQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT service_name, name, max(status_message) AS message,
  count(*) AS times,
  max(start_time) AS latest,
  last_value(trace_id ORDER BY start_time) AS trace_id,
  last_value(span_id ORDER BY start_time) AS span_id,
  last_value(${attribute('attributes', 'http.response.status_code')} ORDER BY start_time) AS http_status
FROM spans
WHERE ${spansWhere(range, filters)} AND status_code = 'ERROR'
GROUP BY service_name, name
ORDER BY latest DESC
LIMIT ${integer(12)}`
}
