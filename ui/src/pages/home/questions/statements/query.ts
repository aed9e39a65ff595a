import { all, integer, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { anyKey, databaseKeys, firstOf, statementKeys, type Sent } from '../conventions'
import { counted, summed, type TraceSample } from '../sampling'

// Statements that differ in their values, or in how many values a list has, are one: values become `?`.
const values = sql`'''(?:[^'']|'''')*''|\\b[0-9]+(?:\\.[0-9]+)?\\b|\\$[0-9]+|%s'`
const lists = sql`'\\(\\s*\\?(?:\\s*,\\s*\\?)+\\s*\\)(?:\\s*,\\s*\\(\\s*\\?(?:\\s*,\\s*\\?)*\\s*\\))*'`
export const normalised = (text: Sql): Sql =>
  sql`regexp_replace(regexp_replace(regexp_replace(${text}, ${values}, '?', 'g'), ${lists}, '(?)', 'g'), '\\s+', ' ', 'g')`

// Texts are counted first and normalised once each, however often they were sent; only the calls of those that lead are
// looked at one by one.
export function statementsQuery(range: Range, filters: readonly Filter[], sampled: boolean, sent: Sent = anyKey): Sql {
  const raw = firstOf(sent, statementKeys)
  const where = all([within('start_time', range), sql`${raw} IS NOT NULL`, ...filterConditions(filters, 'spans')])
  return sql`WITH texts AS (
  SELECT raw, ${normalised(sql`raw`)} AS statement, service_name, system, calls, total_ns, failed, longest_ns
  FROM (
    SELECT ${raw} AS raw, service_name, max(${firstOf(sent, databaseKeys)}) AS system, ${counted(sampled)} AS calls,
      ${summed(sampled, sql`duration_ns`)} AS total_ns, ${counted(sampled, sql`status_code = 'ERROR'`)} AS failed, max(duration_ns) AS longest_ns
    FROM spans
    WHERE ${where}
    GROUP BY 1, service_name
  ) AS counts
  WHERE raw IS NOT NULL
), leading AS (
  SELECT statement, sum(calls) AS calls, sum(total_ns) AS total_ns, sum(failed) AS failed, max(longest_ns) AS longest_ns, max(system) AS system,
    array_agg(DISTINCT service_name) AS callers, sum(sum(total_ns)) OVER () AS all_total_ns
  FROM texts
  GROUP BY statement
  ORDER BY total_ns DESC
  LIMIT 8
)
SELECT leading.statement, calls, total_ns, failed, system, callers, all_total_ns, p95_ns, slowest
FROM leading
JOIN (
  SELECT leading.statement, duration_quantiles(duration_ns)[2] AS p95_ns,
    max(CASE WHEN duration_ns = leading.longest_ns THEN hex(trace_id) || ' ' || hex(span_id) END) AS slowest
  FROM leading
  JOIN (SELECT DISTINCT raw, statement FROM texts) AS names ON names.statement = leading.statement
  JOIN (SELECT ${raw} AS raw, duration_ns, trace_id, span_id FROM spans WHERE ${where}) AS calls ON calls.raw = names.raw
  GROUP BY leading.statement
) AS details ON details.statement = leading.statement
ORDER BY total_ns DESC`
}

export const repeatsLeast = 5

// One statement many times under one span: a loop that asks for rows one by one.
export function repeatsQuery(range: Range, filters: readonly Filter[], sample: TraceSample, sent: Sent = anyKey): Sql {
  const raw = firstOf(sent, statementKeys)
  const where = all([within('start_time', range), sample.condition, sql`${raw} IS NOT NULL`, sql`parent_span_id IS NOT NULL`, ...filterConditions(filters, 'spans')])
  return sql`SELECT statement, max(repeats) AS most, count(*) AS parents, last_value(trace_id ORDER BY repeats) AS trace_id
FROM (
  SELECT ${normalised(sql`raw`)} AS statement, trace_id, parent_span_id, sum(repeats) AS repeats
  FROM (SELECT ${raw} AS raw, trace_id, parent_span_id, count(*) AS repeats FROM spans WHERE ${where} GROUP BY 1, 2, 3) AS counts
  GROUP BY 1, 2, 3
  HAVING sum(repeats) >= ${integer(repeatsLeast)}
) AS loops
GROUP BY statement
ORDER BY parents DESC
LIMIT 100`
}
