import { all, integer, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { counted, firstAttribute, summed, type TraceSample } from '../sampling'

const raw = firstAttribute('db.query.text', 'db.statement')
const known = sql`${raw} IS NOT NULL`

// Statements that differ in their values, or in how many values a list has, are one: values become `?`.
const values = sql`'''(?:[^'']|'''')*''|\\b[0-9]+(?:\\.[0-9]+)?\\b|\\$[0-9]+|%s'`
const lists = sql`'\\(\\s*\\?(?:\\s*,\\s*\\?)+\\s*\\)(?:\\s*,\\s*\\(\\s*\\?(?:\\s*,\\s*\\?)*\\s*\\))*'`
export const normalised = (text: Sql): Sql =>
  sql`regexp_replace(regexp_replace(regexp_replace(${text}, ${values}, '?', 'g'), ${lists}, '(?)', 'g'), '\\s+', ' ', 'g')`

export function statementsQuery(range: Range, filters: readonly Filter[], sampled: boolean): Sql {
  const total = summed(sampled, sql`duration_ns`)
  return sql`SELECT ${normalised(raw)} AS statement, ${counted(sampled)} AS calls, ${total} AS total_ns,
  duration_quantiles(duration_ns)[2] AS p95_ns,
  count(*) FILTER (WHERE status_code = 'ERROR') AS failed,
  max(${firstAttribute('db.system.name', 'db.system')}) AS system,
  array_agg(DISTINCT service_name) AS callers,
  last_value(trace_id ORDER BY duration_ns) AS slowest_trace, last_value(span_id ORDER BY duration_ns) AS slowest_span,
  sum(${total} FILTER (WHERE ${known})) OVER () AS all_total_ns
FROM spans
WHERE ${all([within('start_time', range), known, ...filterConditions(filters, 'spans')])}
GROUP BY 1
ORDER BY total_ns DESC
LIMIT 9`
}

export const repeatsLeast = 5

// One statement many times under one span: a loop that asks for rows one by one.
export function repeatsQuery(range: Range, filters: readonly Filter[], sample: TraceSample): Sql {
  return sql`SELECT statement, max(repeats) AS most, count(*) AS parents, last_value(trace_id ORDER BY repeats) AS trace_id
FROM (
  SELECT ${normalised(raw)} AS statement, trace_id, parent_span_id, count(*) AS repeats
  FROM spans
  WHERE ${all([within('start_time', range), sample.condition, known, sql`parent_span_id IS NOT NULL`, ...filterConditions(filters, 'spans')])}
  GROUP BY 1, 2, 3
  HAVING count(*) >= ${integer(repeatsLeast)}
) AS loops
GROUP BY 1
ORDER BY parents DESC
LIMIT 100`
}
