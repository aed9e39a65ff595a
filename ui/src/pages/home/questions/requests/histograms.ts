// Requests by the histograms that servers keep of them, for those who send metrics and no spans.
import { all, integer, join, sql, text, timestamp, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { bucket, within } from '../../../../sql/range'
import type { Row } from '../../../../api/client'
import type { Range } from '../../../../time/range'
import type { Quarter } from './answer'
import { quarterSeconds } from './query'

const names = ['http.server.request.duration', 'http.server.duration', 'rpc.server.call.duration', 'rpc.server.duration']

// A cumulative count says how many there were since its start: what a point adds is its difference from the one before,
// or all of it where the count began anew.
export function histogramsQuery(range: Range, filters: readonly Filter[]): Sql {
  const quarter = BigInt(quarterSeconds) * 1_000_000_000n
  const early = sql`CAST("time" AS BIGINT) % ${integer(quarter)} < ${integer(range.to % quarter)}`
  return sql`SELECT metric_name, CAST(${bucket('time', quarterSeconds)} AS BIGINT) / 1000000000 AS second,
  sum(added) AS requests,
  coalesce(sum(added) FILTER (WHERE ${early}), 0) AS early,
  coalesce(sum(added) FILTER (WHERE broken), 0) AS failed
FROM (
  SELECT metric_name, "time", broken, CASE
    WHEN temporality = 'delta' THEN points
    WHEN before IS NULL OR points < before THEN CASE WHEN start_time >= ${timestamp(range.from)} THEN points ELSE 0 END
    ELSE points - before END AS added
  FROM (
    SELECT metric_name, "time", start_time, temporality, CAST("count" AS BIGINT) AS points,
      lag(CAST("count" AS BIGINT)) OVER (PARTITION BY series, start_time ORDER BY "time") AS before,
      coalesce(attributes['http.response.status_code'], attributes['http.status_code'], 0) >= 500 AS broken
    FROM metrics
    WHERE ${all([within('time', range), sql`metric_name IN (${join(names.map(text), ', ')})`, ...filterConditions(filters, 'metrics')])}
  ) AS points
) AS additions
GROUP BY 1, 2
ORDER BY 2`
}

// While conventions change, a server may keep the same histogram under its old and its new name.
export function readHistograms(rows: readonly Row[]): Quarter[] {
  const sent = new Set(rows.map((row) => String(row['metric_name'])))
  const counted = new Set([names.slice(0, 2), names.slice(2)].map((family) => family.find((name) => sent.has(name))))
  const quarters = new Map<number, Quarter>()
  for (const row of rows) {
    if (!counted.has(String(row['metric_name']))) continue
    const start = Number(row['second']) * 1000
    const quarter = quarters.get(start) ?? { start, requests: 0, early: 0, failed: 0, outside: 0 }
    quarter.requests += Number(row['requests'])
    quarter.early += Number(row['early'])
    quarter.failed += Number(row['failed'])
    quarters.set(start, quarter)
  }
  return [...quarters.values()].filter(({ requests }) => requests > 0).sort((left, right) => left.start - right.start)
}
