import { all, attribute, empty, integer, join, sql, text, timestamp, type Sql } from '../../../sql/escape'
import { filterConditions, type Filter } from '../../../sql/filter'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { tracesMatching } from '../plot/queries'

export const sorts = ['newest', 'slowest', 'errors', 'spans'] as const
export type Sort = (typeof sorts)[number]

const orders: Record<Sort, Sql> = {
  newest: sql`started DESC`,
  slowest: sql`duration_ns DESC`,
  errors: sql`errors DESC, started DESC`,
  spans: sql`spans DESC`,
}

const failed = sql`sum(CASE WHEN status_code = 'ERROR' THEN 1 ELSE 0 END)`

const columns = sql`SELECT trace_id,
  min(start_time) AS started,
  CAST(max(end_time) AS BIGINT) - CAST(min(start_time) AS BIGINT) AS duration_ns,
  count(*) AS spans,
  count(DISTINCT service_name) AS services,
  ${failed} AS errors,
  first_value(name ORDER BY parent_span_id IS NOT NULL, start_time) AS root_name,
  first_value(service_name ORDER BY parent_span_id IS NOT NULL, start_time) AS root_service,
  first_value(${attribute('attributes', 'http.response.status_code')} ORDER BY parent_span_id IS NOT NULL, start_time) AS root_status
FROM spans`

const firsts: Record<Sort, Sql> = {
  newest: sql`min(start_time) DESC`,
  slowest: sql`CAST(max(end_time) AS BIGINT) - CAST(min(start_time) AS BIGINT) DESC`,
  errors: sql`${failed} DESC, min(start_time) DESC`,
  spans: sql`count(*) DESC`,
}

// Which traces come first is told by a cheap look at all of them; only those are then looked at closely.
export function listQuery(range: Range, filters: readonly Filter[], sort: Sort, limit: number): Sql {
  const time = within('start_time', range)
  return sql`${columns}
WHERE ${time} AND trace_id IN (
  SELECT trace_id FROM spans
  WHERE ${tracesMatching(range, filters)}
  GROUP BY trace_id
  ORDER BY ${firsts[sort]}
  LIMIT ${integer(limit)}
)
GROUP BY trace_id
ORDER BY ${orders[sort]}
LIMIT ${integer(limit)}`
}

// The same columns of traces that are known by their ids, between their first start and last end.
export function detailsQuery(ids: readonly string[], from: bigint, to: bigint): Sql {
  if (ids.length === 0) return empty
  return sql`${columns}
WHERE start_time >= ${timestamp(from)} AND start_time < ${timestamp(to)}
  AND trace_id IN (${join(ids.map((id) => text(id)), ', ')})
GROUP BY trace_id
LIMIT ${integer(ids.length)}`
}

export const matchedMost = 50

// The spans of a trace that pass the filters: what it was found by.
export function matchedQuery(id: string, range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT span_id, name, service_name, start_time, duration_ns, status_code
FROM spans
WHERE trace_id = ${text(id)} AND ${all([within('start_time', range), ...filterConditions(filters, 'spans')])}
ORDER BY start_time
LIMIT ${integer(matchedMost)}`
}

// Service and status of spans that a search found, which its answer does not tell.
export function spanFactsQuery(id: string, from: bigint, to: bigint, spans: readonly string[]): Sql {
  return sql`SELECT span_id, service_name, status_code
FROM spans
WHERE trace_id = ${text(id)} AND start_time >= ${timestamp(from)} AND start_time < ${timestamp(to)}
  AND span_id IN (${join(spans.map((span) => text(span)), ', ')})
LIMIT ${integer(spans.length)}`
}

// How many spans there would be without each of the filters, in one look.
export function withoutQuery(range: Range, filters: readonly Filter[]): Sql {
  const conditions = filterConditions(filters, 'spans')
  const counts = conditions.map((_, left) => sql`count(*) FILTER (WHERE ${all(conditions.filter((__, index) => index !== left))})`)
  return sql`SELECT ${join(counts, ', ')}
FROM spans
WHERE ${within('start_time', range)}`
}
