import { all, attribute, integer, sql, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { bucket, within } from '../../sql/range'
import type { Range } from '../../time/range'

export type Sort = 'newest' | 'slowest' | 'errors' | 'spans'

export const levelsPerDecade = 5

// A trace matches when one of its spans passes every filter; all its spans then count.
function matching(range: Range, filters: readonly Filter[]): Sql {
  const time = within('start_time', range)
  const conditions = filterConditions(filters, 'spans')
  if (conditions.length === 0) return time
  return sql`${time}
  AND trace_id IN (SELECT trace_id FROM spans WHERE ${time} AND ${all(conditions)})`
}

const orders: Record<Sort, Sql> = {
  newest: sql`started DESC`,
  slowest: sql`duration_ns DESC`,
  errors: sql`errors DESC, started DESC`,
  spans: sql`spans DESC`,
}

export function listQuery(range: Range, filters: readonly Filter[], sort: Sort, limit: number): Sql {
  return sql`SELECT trace_id,
  min(start_time) AS started,
  CAST(max(end_time) AS BIGINT) - CAST(min(start_time) AS BIGINT) AS duration_ns,
  count(*) AS spans,
  count(DISTINCT service_name) AS services,
  sum(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) AS errors,
  first_value(name ORDER BY parent_span_id IS NOT NULL, start_time) AS root_name,
  first_value(service_name ORDER BY parent_span_id IS NOT NULL, start_time) AS root_service,
  first_value(${attribute('attributes', 'http.response.status_code')} ORDER BY parent_span_id IS NOT NULL, start_time) AS root_status
FROM spans
WHERE ${matching(range, filters)}
GROUP BY trace_id
ORDER BY ${orders[sort]}
LIMIT ${integer(limit)}`
}

// Root spans by time and logarithm of duration; each cell names its slowest trace.
export function densityQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  return sql`SELECT CAST(${bucket('start_time', seconds)} AS BIGINT) / 1000000000 AS second,
  CAST(floor(log10(CASE WHEN duration_ns < 1 THEN 1 ELSE duration_ns END) * ${integer(levelsPerDecade)}) AS BIGINT) AS level,
  count(*) AS traces,
  sum(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) AS errors,
  first_value(trace_id ORDER BY duration_ns DESC) AS slowest
FROM spans
WHERE parent_span_id IS NULL AND ${matching(range, filters)}
GROUP BY 1, 2`
}
