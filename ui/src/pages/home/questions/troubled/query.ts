import { all, integer, sql, type Sql } from '../../../../sql/escape'
import { filterConditions, type Filter } from '../../../../sql/filter'
import { within } from '../../../../sql/range'
import type { Range } from '../../../../time/range'
import { addressKeys, anyKey, databaseKeys, firstOf, grpcStatusKeys, httpMethodKeys, httpStatusKeys, peerKeys, portKeys, type Sent } from '../conventions'
import { weight } from '../sampling'

export const tracesMost = 400
export const spansMost = 20_000

// A trace found by its failure may have begun before the range, or go on after it.
const marginNs = 600n * 1_000_000_000n

// The newest traces in which a request or a call failed, with all their spans but the database calls that went well.
// Whose fault it was and who got over it are both read from them.
export function troubledQuery(range: Range, filters: readonly Filter[], sampled: boolean, sent: Sent = anyKey): Sql {
  const database = firstOf(sent, databaseKeys)
  return sql`WITH troubled AS (
  SELECT trace_id, max(start_time) AS latest FROM spans
  WHERE ${all([within('start_time', range), sql`status_code = 'ERROR'`, sql`kind IN ('SERVER', 'CONSUMER', 'CLIENT', 'PRODUCER')`, ...filterConditions(filters, 'spans')])}
  GROUP BY trace_id
  ORDER BY latest DESC
  LIMIT ${integer(tracesMost)}
)
SELECT trace_id, span_id, parent_span_id, service_name, kind, status_code = 'ERROR' AS failed,
  start_time >= ${timestampOf(range.from)} AND start_time < ${timestampOf(range.to)} AS inside,
  CAST(end_time AS BIGINT) / 1000 AS end_us, ${sampled ? weight : sql`1.0`} AS weight,
  CASE WHEN kind IN ('CLIENT', 'PRODUCER') THEN ${firstOf(sent, peerKeys)} END AS peer,
  CASE WHEN kind = 'CLIENT' THEN concat(${firstOf(sent, addressKeys)}, ':', ${firstOf(sent, portKeys)}) END AS address,
  CASE WHEN kind = 'CLIENT' THEN ${firstOf(sent, httpStatusKeys)} END AS http_status,
  kind = 'CLIENT' AND ${firstOf(sent, httpMethodKeys)} IS NOT NULL AS http,
  CASE WHEN kind = 'CLIENT' THEN ${firstOf(sent, grpcStatusKeys)} END AS grpc_status
FROM spans
WHERE ${within('start_time', { from: range.from - marginNs, to: range.to + marginNs })}
  AND trace_id IN (SELECT trace_id FROM troubled)
  AND (${database} IS NULL OR status_code = 'ERROR')
ORDER BY trace_id
LIMIT ${integer(spansMost)}`
}

const timestampOf = (nanoseconds: bigint): Sql => sql`to_timestamp_nanos(${integer(nanoseconds)})`
