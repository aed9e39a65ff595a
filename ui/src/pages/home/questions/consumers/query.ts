import { all, join, sql, text, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import type { Measure } from './answer'
import { anyKey, databaseKeys, firstOf, inputTokenKeys, outputTokenKeys, userKeys, type Sent } from '../conventions'
import { counted, summed, weight } from '../sampling'

// Requests are what a service answers for a user, or where a trace begins with the user.
export function consumersQuery(range: Range, filters: readonly Filter[], sampled: boolean, sent: Sent = anyKey, by: Measure = 'requests'): Sql {
  const user = firstOf(sent, userKeys)
  const known = sql`${user} IS NOT NULL`
  const requests = counted(sampled)
  const spent = summed(sampled, sql`duration_ns`)
  return sql`SELECT ${user} AS user, ${requests} AS requests, ${spent} AS spent_ns,
  ${counted(sampled, sql`status_code = 'ERROR'`)} AS failed,
  sum(${counted(sampled, known)}) OVER () AS all_requests,
  sum(${spent} FILTER (WHERE ${known})) OVER () AS all_spent_ns, count(${user}) OVER () AS users
FROM spans
WHERE ${all([within('start_time', range), known, sql`(kind = 'SERVER' OR parent_span_id IS NULL)`, ...filterConditions(filters, 'spans')])}
GROUP BY 1
ORDER BY ${by === 'spent' ? sql`spent_ns` : sql`requests`} DESC, user
LIMIT 9`
}

// Database calls and model calls do not say for whom they were made; their trace does.
export function costsQuery(range: Range, filters: readonly Filter[], sampled: boolean, users: readonly string[], sent: Sent = anyKey): Sql {
  const user = firstOf(sent, userKeys)
  const database = firstOf(sent, databaseKeys)
  const [input, output] = [firstOf(sent, inputTokenKeys), firstOf(sent, outputTokenKeys)]
  const costs = sql`SELECT trace_id, CASE WHEN ${database} IS NOT NULL THEN duration_ns END${sampled ? sql` * ${weight}` : sql``} AS database_ns,
    (coalesce(${input}, 0) + coalesce(${output}, 0))${sampled ? sql` * ${weight}` : sql``} AS tokens
  FROM spans
  WHERE ${all([within('start_time', range), sql`(${database} IS NOT NULL AND kind = 'CLIENT' OR ${input} IS NOT NULL OR ${output} IS NOT NULL)`])}`
  const named = users.length > 0 ? sql`${user} IN (${join(users.map(text), ', ')})` : sql`FALSE`
  return sql`SELECT traces.user AS user, sum(database_ns) AS database_ns, sum(tokens) AS tokens
FROM (
  SELECT trace_id, max(${user}) AS user FROM spans
  WHERE ${all([within('start_time', range), named, ...filterConditions(filters, 'spans')])}
  GROUP BY trace_id
) AS traces
JOIN (${costs}) AS costs ON costs.trace_id = traces.trace_id
GROUP BY traces.user
UNION ALL
SELECT NULL, sum(database_ns), sum(tokens) FROM (${costs}) AS costs`
}
