import { all, integer, join, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { bucket, within } from '../../../../sql/range'
import { fromMilliseconds, toMilliseconds } from '../../../../time/nanoseconds'
import type { Range } from '../../../../time/range'
import { isCounted } from '../../../services/red'
import { minuteOf, one, wholeMinutes } from '../../counted'
import { summedCounts } from '../../queries'
import { daysBefore, startOfDay } from '../calendar'
import { counted } from '../sampling'

// Every zone's clock differs from UTC by whole quarters of an hour, so quarters add up to days and hours of any zone.
export const quarterSeconds = 900
const quarter = BigInt(quarterSeconds) * 1_000_000_000n
export const daysShown = 14

export function requestsRange(now: number, zone: string): Range {
  return { from: fromMilliseconds(startOfDay(now, zone, daysShown)), to: fromMilliseconds(now) }
}

// `early` counts what came before the present moment's place in its quarter, so that "yesterday until this time of day"
// is exact. "Outside" are requests that nobody's span led to: null where counts answer, which do not tell them apart.
export function requestsQuery(range: Range, filters: readonly Filter[], sampled: boolean, zone = 'UTC'): Sql {
  return isCounted(range, filters) ? countedRequests(range, filters, sampled, zone) : singleRequests(range, filters, sampled)
}

const requests = (time: Range, filters: readonly Filter[]): Sql[] => [within('start_time', time), sql`kind = 'SERVER'`, ...filterConditions(filters, 'spans')]

function singleRequests(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  const early = sql`CAST(start_time AS BIGINT) % ${integer(quarter)} < ${integer(range.to % quarter)}`
  return sql`SELECT CAST(${bucket('start_time', quarterSeconds)} AS BIGINT) / 1000000000 AS second,
  ${counted(sampled)} AS requests,
  ${counted(sampled, early)} AS early,
  ${counted(sampled, sql`status_code = 'ERROR'`)} AS failed,
  ${counted(sampled, sql`parent_span_id IS NULL`)} AS outside
FROM spans
WHERE ${all(requests(range, filters))}
GROUP BY 1
ORDER BY 1`
}

// Whole minutes from counts. Single spans where a minute is cut in two: at the ends of the range, which add to all, and
// at the present time of the days that today is compared with, which add to `early` alone.
function countedRequests(range: Range, filters: readonly Filter[], sampled: boolean, zone: string): Sql {
  const whole = wholeMinutes(range)
  const now = toMilliseconds(range.to)
  const upTo = (time: bigint): Range => ({ from: minuteOf(time), to: time })
  const ends = [{ from: range.from, to: whole.from }, upTo(range.to)]
  const earlier = [1, 7].map((days) => upTo(fromMilliseconds(daysBefore(now, zone, days)))).filter(({ from }) => from >= whole.from)
  const early = sql`CAST("time" AS BIGINT) % ${integer(quarter)} < ${integer(minuteOf(range.to) % quarter)}`
  const single = (times: readonly Range[], adds: Sql): Sql[] => times.filter(({ from, to }) => from < to).map((time) => sql`
  UNION ALL
  SELECT start_time, status_code, ${adds}
  FROM spans WHERE ${all(requests(time, filters))}`)
  const stands = one(sampled)
  const earlyOne = sql`CASE WHEN CAST(start_time AS BIGINT) % ${integer(quarter)} < ${integer(range.to % quarter)} THEN ${stands} ELSE 0 END`
  return sql`SELECT CAST(${bucket('time', quarterSeconds)} AS BIGINT) / 1000000000 AS second,
  ${summedCounts()} AS requests,
  CAST(round(sum(early)) AS BIGINT) AS early,
  ${summedCounts(sql`status_code = 'ERROR'`)} AS failed,
  NULL AS outside
FROM (
  SELECT "time", status_code, count, CASE WHEN ${early} THEN count ELSE 0 END AS early
  FROM span_metrics WHERE ${all([within('time', whole), sql`kind = 'SERVER'`, ...filterConditions(filters, 'spans')])}${join([...single(ends, sql`${stands}, ${earlyOne}`), ...single(earlier, sql`0, ${stands}`)], ' ')}
)
GROUP BY 1
HAVING sum(count) > 0
ORDER BY 1`
}

// Of counted requests, how many of a day came from outside.
export function outsideQuery(day: Range, filters: readonly Filter[], sampled: boolean): Sql {
  return sql`SELECT ${counted(sampled)} AS outside
FROM spans
WHERE ${all([...requests(day, filters), sql`parent_span_id IS NULL`])}`
}
