import { all, sql, text, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { minutes, within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { isCounted, whole } from '../../../services/red'
import type { TraceSample } from '../sampling'

// Calls are counted already where filters ask for nothing but a service; there a filter is about the caller.
export const hopIsCounted = (range: Range, filters: readonly Filter[]): boolean =>
  isCounted(range, filters) && filters.every(({ key, op }) => key === 'service' && op === '=')

// What counts know of hops: of all calls, failed ones too, but for those in which the callee's span outlasted the caller's.
export function countedHopQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT client, server,
  ${whole(sql`sum(count)`)} AS calls,
  ${whole(sql`sum(count) - sum(errors)`)} AS measured,
  duration_quantiles(hop_buckets, hop_counts) AS hop,
  duration_quantiles(duration_buckets, duration_counts) AS client_side,
  sum(hop_sum_ns) AS hop_sum
FROM edge_metrics
WHERE ${all([minutes(range), sql`connection_type = ''`, ...filters.map(({ value }) => sql`client = ${text(value)}`)])}
GROUP BY client, server
HAVING sum(hop_sum_ns) > 0
ORDER BY hop_sum DESC
LIMIT 12`
}

const sharesMost = 50_000n

// Of counted calls the traces are not known, so their shares come from the newest piece of the range, of about as many
// spans as are joined in a moment.
export function sharesRange(range: Range, spans: number): Range {
  const most = BigInt(Math.max(1, Math.round(spans)))
  return most <= sharesMost ? range : { from: range.to - ((range.to - range.from) * sharesMost) / most, to: range.to }
}

// Only durations are subtracted, each measured by one clock, so clocks that disagree do not matter. Failed calls tell
// nothing about the hop. Where the callee's span ends after the caller's (it may tidy up after its answer), the hop cost
// too little to see and counts as 0.
export function hopQuery(range: Range, filters: readonly Filter[], sample: TraceSample): Sql {
  const bounds = [within('start_time', range), sample.condition]
  return sql`WITH calls AS (
  SELECT c.service_name AS client, s.service_name AS server, c.trace_id,
    c.duration_ns AS client_ns, CASE WHEN NOT c.failed THEN c.duration_ns - s.duration_ns END AS hop_ns,
    count(*) OVER (PARTITION BY c.trace_id, c.service_name, s.service_name) AS in_trace
  FROM (SELECT trace_id, span_id, service_name, duration_ns, status_code = 'ERROR' AS failed FROM spans
    WHERE ${all([...bounds, sql`kind = 'CLIENT'`, ...filterConditions(filters, 'spans')])}) AS c
  JOIN (SELECT trace_id, parent_span_id, service_name, duration_ns FROM spans
    WHERE ${all([...bounds, sql`kind = 'SERVER'`, sql`parent_span_id IS NOT NULL`])}) AS s
    ON s.trace_id = c.trace_id AND s.parent_span_id = c.span_id
), roots AS (
  SELECT trace_id, max(duration_ns) AS root_ns FROM spans
  WHERE ${all([...bounds, sql`parent_span_id IS NULL`])}
  GROUP BY trace_id
)
SELECT client, server, count(*) AS calls,
  count(hop_ns) AS measured,
  count(*) FILTER (WHERE hop_ns < 0) AS overrun,
  duration_quantiles(hop_ns) FILTER (WHERE hop_ns IS NOT NULL) AS hop,
  duration_quantiles(client_ns) FILTER (WHERE hop_ns IS NOT NULL) AS client_side,
  sum(greatest(hop_ns, 0)) AS hop_sum,
  sum(CAST(root_ns AS DOUBLE) / in_trace) FILTER (WHERE hop_ns IS NOT NULL) AS root_sum
FROM calls LEFT JOIN roots ON roots.trace_id = calls.trace_id
GROUP BY client, server
ORDER BY hop_sum DESC NULLS LAST
LIMIT 12`
}
