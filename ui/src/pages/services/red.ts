import { all, attribute, sql, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { bucket, minutes, within } from '../../sql/range'
import type { Range } from '../../time/range'

// Requests are the spans that a service answers, so that inner work does not count as traffic.
export const entries = sql`kind IN ('SERVER', 'CONSUMER')`
export const version = attribute('resource_attributes', 'service.version')

export const epochSeconds = (column: 'start_time' | 'time', seconds: number): Sql => sql`CAST(${bucket(column, seconds)} AS BIGINT) / 1000000000`

export const spansWhere = (range: Range, filters: readonly Filter[]): Sql => all([within('start_time', range), ...filterConditions(filters, 'spans')])

// Rate, errors and latency: of requests, and of all spans for services that answer none.
export const redColumns = sql`count(*) FILTER (WHERE ${entries}) AS requests,
  count(*) FILTER (WHERE ${entries} AND status_code = 'ERROR') AS failed,
  duration_quantiles(duration_ns) FILTER (WHERE ${entries}) AS request_quantiles,
  max(kind) FILTER (WHERE ${entries}) AS entry_kind,
  count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'ERROR') AS span_errors,
  duration_quantiles(duration_ns) AS span_quantiles`

const counted = (condition?: Sql): Sql => (condition ? sql`coalesce(sum(count) FILTER (WHERE ${condition}), 0)` : sql`sum(count)`)
export const whole = (amount: Sql): Sql => sql`CAST(round(${amount}) AS BIGINT)`
const durations = sql`duration_quantiles(duration_buckets, duration_counts)`

const countedColumns = sql`${whole(counted(entries))} AS requests,
  ${whole(counted(sql`${entries} AND status_code = 'ERROR'`))} AS failed,
  ${durations} FILTER (WHERE ${entries}) AS request_quantiles,
  max(kind) FILTER (WHERE ${entries}) AS entry_kind,
  ${whole(counted())} AS spans,
  ${whole(counted(sql`status_code = 'ERROR'`))} AS span_errors,
  ${durations} AS span_quantiles`

// What a page about rate, errors and latency reads: single spans, or what is counted of them already.
export interface Red {
  table: Sql
  where: Sql
  columns: Sql
  calls: Sql
  failed: Sql
  quantiles: Sql
  total: Sql
  version: Sql
  first: Sql
  last: Sql
  byService: Sql // the order in which the last value of a service counts
  second: (seconds: number) => Sql
}

const minute = 60_000_000_000n
const shortest = 30n * minute
const columnsCounted = new Set(['service', 'name', 'kind', 'status'])

// Counts are by the minute: too coarse for the edges of a short range, and of no use to filters on anything else.
export const isCounted = ({ from, to }: Range, filters: readonly Filter[], seconds = 60): boolean =>
  to - from >= shortest && seconds % 60 === 0 && filters.every(({ key }) => columnsCounted.has(key))

export function red(range: Range, filters: readonly Filter[], seconds = 60): Red {
  if (isCounted(range, filters, seconds)) {
    return {
      table: sql`span_metrics`,
      where: all([minutes(range), ...filterConditions(filters, 'spans')]),
      columns: countedColumns,
      calls: whole(counted()),
      failed: whole(counted(sql`status_code = 'ERROR'`)),
      quantiles: durations,
      total: sql`sum(duration_sum_ns)`,
      version: sql`service_version`,
      first: sql`min(first_time)`,
      last: sql`max(last_time)`,
      byService: sql`last_time`,
      second: (bucketSeconds) => epochSeconds('time', bucketSeconds),
    }
  }
  return {
    table: sql`spans`,
    where: spansWhere(range, filters),
    columns: redColumns,
    calls: sql`count(*)`,
    failed: sql`count(*) FILTER (WHERE status_code = 'ERROR')`,
    quantiles: sql`duration_quantiles(duration_ns)`,
    total: sql`sum(duration_ns)`,
    version,
    first: sql`min(start_time)`,
    last: sql`max(start_time)`,
    byService: sql`start_time`,
    second: (bucketSeconds) => epochSeconds('start_time', bucketSeconds),
  }
}
