import { all, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import type { TraceSample } from '../sampling'

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
