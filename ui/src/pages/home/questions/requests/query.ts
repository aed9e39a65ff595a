import { all, integer, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { bucket, within } from '../../../../sql/range'
import { fromMilliseconds } from '../../../../time/nanoseconds'
import type { Range } from '../../../../time/range'
import { startOfDay } from '../calendar'
import { counted } from '../sampling'

// Every zone's clock differs from UTC by whole quarters of an hour, so quarters add up to days and hours of any zone.
export const quarterSeconds = 900
export const daysShown = 14

export function requestsRange(now: number, zone: string): Range {
  return { from: fromMilliseconds(startOfDay(now, zone, daysShown)), to: fromMilliseconds(now) }
}

// `early` counts what came before the present moment's place in its quarter, so that "yesterday until this time of day"
// is exact. "Outside" are requests that nobody's span led to.
export function requestsQuery(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  const quarter = BigInt(quarterSeconds) * 1_000_000_000n
  const early = sql`CAST(start_time AS BIGINT) % ${integer(quarter)} < ${integer(range.to % quarter)}`
  return sql`SELECT CAST(${bucket('start_time', quarterSeconds)} AS BIGINT) / 1000000000 AS second,
  ${counted(sampled)} AS requests,
  ${counted(sampled, early)} AS early,
  ${counted(sampled, sql`status_code = 'ERROR'`)} AS failed,
  ${counted(sampled, sql`parent_span_id IS NULL`)} AS outside
FROM spans
WHERE ${all([within('start_time', range), sql`kind = 'SERVER'`, ...filterConditions(filters, 'spans')])}
GROUP BY 1
ORDER BY 1`
}
