import { all, integer, sql, type Sql } from '../../../sql/escape'
import { filterConditions, type Filter } from '../../../sql/filter'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { dotsMost, levelsPerDecade } from './cells'

// What is counted: roots of traces in which some span matches, or the matching spans themselves.
export type Unit = 'traces' | 'spans'

// A trace matches when one of its spans passes every filter; all its spans then count.
export function tracesMatching(range: Range, filters: readonly Filter[]): Sql {
  const time = within('start_time', range)
  const conditions = filterConditions(filters, 'spans')
  if (conditions.length === 0) return time
  return sql`${time}
  AND trace_id IN (SELECT trace_id FROM spans WHERE ${time} AND ${all(conditions)})`
}

export function population(range: Range, filters: readonly Filter[], unit: Unit): Sql {
  if (unit === 'traces') return sql`parent_span_id IS NULL AND ${tracesMatching(range, filters)}`
  return all([within('start_time', range), ...filterConditions(filters, 'spans')])
}

export function cellsQuery(of: Sql, stepNs: number): Sql {
  return sql`SELECT CAST(date_bin(INTERVAL '${integer(stepNs)} nanoseconds', start_time, TIMESTAMP '1970-01-01T00:00:00Z') AS BIGINT) AS at,
  CAST(floor(log10(CASE WHEN duration_ns < 1 THEN 1 ELSE duration_ns END) * ${integer(levelsPerDecade)}) AS BIGINT) AS level,
  count(*) AS count,
  sum(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END) AS errors,
  first_value(trace_id ORDER BY duration_ns DESC) AS slowest,
  first_value(span_id ORDER BY duration_ns DESC) AS span
FROM spans
WHERE ${of}
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 20000`
}

export function dotsQuery(of: Sql): Sql {
  return sql`SELECT start_time, duration_ns, status_code, trace_id, span_id, name, service_name
FROM spans
WHERE ${of}
ORDER BY start_time DESC
LIMIT ${integer(dotsMost)}`
}
