// The map from calls that are counted already, and the little that those counts do not tell, from single spans.
import { all, attribute, integer, join, sql, text, type Sql } from '../../sql/escape'
import { minutes, within } from '../../sql/range'
import type { Range } from '../../time/range'
import { whole } from '../services/red'
import { broker, databaseSystem, edgesLimit, namespace, peer, peerKeys, type Side } from './queries'

// Whom nobody answered is what the client calls it: a queue where it sent a message, else some peer.
const targetKind = sql`CASE WHEN connection_type = 'database' THEN 'database' WHEN connection_type = 'virtual_node' THEN 'peer'
    WHEN connection_type = 'messaging_system' AND sum(server_duration_sum_ns) = 0 THEN 'queue' ELSE 'service' END`

function sideOf(side: Side, service: string): Sql[] {
  if (side === 'all') return []
  return side === 'down' ? [sql`client = ${text(service)}`] : [sql`server = ${text(service)}`, sql`connection_type IN ('', 'messaging_system')`]
}

export function countedEdgesQuery(range: Range, side: Side = 'all', service = ''): Sql {
  return sql`SELECT client AS source, 'service' AS source_kind, server AS target,
  ${targetKind} AS target_kind,
  ${whole(sql`sum(count)`)} AS calls,
  ${whole(sql`sum(errors)`)} AS failed,
  duration_quantiles(duration_buckets, duration_counts) AS quantiles,
  duration_quantiles(hop_buckets, hop_counts) AS hops,
  first_value(trace_id ORDER BY errors > 0 DESC, duration_buckets[-1] DESC) AS trace_id
FROM edge_metrics
WHERE ${all([minutes(range), ...sideOf(side, service)])}
GROUP BY client, server, connection_type
ORDER BY calls DESC
LIMIT ${integer(edgesLimit)}`
}

const margin = 60_000_000_000n

// What the spans of a few traces tell of the ends of their calls: which system a database runs, which attribute named a
// peer, the namespace of a service.
export function endsQuery({ from, to }: Range, traces: readonly string[]): Sql {
  const key = sql`CASE ${join(peerKeys.map((name) => sql`WHEN ${attribute('attributes', name)} <> '' THEN ${text(name)}`), ' ')} END`
  return sql`SELECT service_name AS source, coalesce(nullif(${peer}, ''), ${databaseSystem}, ${broker}) AS target,
  max(${key}) AS peer_key, max(${databaseSystem}) AS system, max(${broker}) AS broker, max(${namespace}) AS namespace
FROM spans
WHERE ${within('start_time', { from: from - margin, to: to + margin })}
  AND trace_id IN (${join(traces.map(text), ', ')})
GROUP BY 1, 2
LIMIT ${integer(edgesLimit)}`
}
