import { all, sql, timestamp, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { minutes, within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { isCounted } from '../../../services/red'
import { recentNs } from './answer'

const dayNs = 86_400n * 1_000_000_000n

// A service that fell silent before the chosen range began is what one opens this page for.
export function upRange({ from, to }: Range): Range {
  return { from: to - from < dayNs ? to - dayNs : from, to }
}

const hourNs = 3600n * 1_000_000_000n

// Spans of the last hour are looked at themselves. Older ones are counted already, by their starts: a service is heard of
// until its last span began, unless that span began within the hour.
export function upQuery(range: Range, filters: readonly Filter[]): Sql {
  const recent = sql`kind IN ('SERVER', 'CONSUMER') AND start_time >= ${timestamp(range.to - recentNs)}`
  const other = (table: 'logs' | 'metrics'): Sql => sql`SELECT service_name, max("time"), 0, 0
  FROM ${table === 'logs' ? sql`logs` : sql`metrics`}
  WHERE ${all([within('time', range), ...filterConditions(filters, table)])}
  GROUP BY service_name`
  const recently: Range = { from: range.to - hourNs, to: range.to }
  const counted = range.from < recently.from && isCounted(range, filters)
  const before = sql`SELECT service_name, max(last_time), 0, 0
  FROM span_metrics
  WHERE ${all([minutes({ from: range.from, to: recently.from }), ...filterConditions(filters, 'spans')])}
  GROUP BY service_name
  UNION ALL
  `
  return sql`SELECT service_name, max(seen) AS last_seen, sum(requests) AS requests, sum(failed) AS failed
FROM (
  SELECT service_name, max(end_time) AS seen,
    count(*) FILTER (WHERE ${recent}) AS requests,
    count(*) FILTER (WHERE ${recent} AND status_code = 'ERROR') AS failed
  FROM spans
  WHERE ${all([within('start_time', counted ? recently : range), ...filterConditions(filters, 'spans')])}
  GROUP BY service_name
  UNION ALL
  ${counted ? before : sql``}${other('logs')}
  UNION ALL
  ${other('metrics')}
) AS signals
WHERE service_name <> ''
GROUP BY service_name
ORDER BY service_name
LIMIT 200`
}
