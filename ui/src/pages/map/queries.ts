import { all, attribute, integer, join, sql, text, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { within } from '../../sql/range'
import type { Range } from '../../time/range'
import { isCounted, red, redColumns } from '../services/red'

export const edgesLimit = 2000
export const nodesLimit = 1000

export interface MapScope {
  range: Range
  filters: readonly Filter[]
}

// A call counts when a span of its trace passes every filter: a map of failing traces, say, or of one user's.
function matching({ range, filters }: MapScope): Sql {
  const time = within('start_time', range)
  const conditions = filterConditions(filters, 'spans')
  if (conditions.length === 0) return time
  return sql`${time} AND trace_id IN (SELECT trace_id FROM spans WHERE ${time} AND ${all(conditions)})`
}

export const namespace = sql`coalesce(${attribute('resource_attributes', 'service.namespace')}, ${attribute('resource_attributes', 'k8s.namespace.name')})`

// A filter asks for the calls of whole traces, and counts know of no traces: only a map without filters is counted.
export const mapIsCounted = ({ range, filters }: MapScope): boolean => filters.length === 0 && isCounted(range, filters)

// Counts know no namespaces either; those come with the ends of calls.
export function nodesQuery(scope: MapScope): Sql {
  const counted = mapIsCounted(scope)
  const of = red(scope.range, [])
  return sql`SELECT service_name,
  ${counted ? of.columns : sql`${redColumns},
  last_value(${namespace} ORDER BY start_time) FILTER (WHERE ${namespace} IS NOT NULL) AS namespace`}
FROM ${counted ? of.table : sql`spans`}
WHERE ${counted ? of.where : matching(scope)}
GROUP BY service_name
ORDER BY requests DESC, spans DESC
LIMIT ${integer(nodesLimit)}`
}

export type Side = 'all' | 'up' | 'down'

const attributes = (...keys: readonly string[]): Sql => sql`coalesce(${join(keys.map((key) => attribute('attributes', key)), ', ')})`

export const peerKeys = ['peer.service', 'server.address', 'net.peer.name'] as const
export const peer = attributes(...peerKeys)
export const databaseSystem = attributes('db.system.name', 'db.system')
const databaseName = attributes('db.namespace', 'db.name')
export const broker = sql`${attribute('attributes', 'messaging.system')}`
const destination = attributes('messaging.destination.name', 'messaging.destination')

const ofService = (service: string): Sql => sql` AND service_name = ${text(service)}`

// Who calls whom. A queue stands between the one who sends and the one who receives, so that both
// are seen even where no trace joins them. `hop` is what a call costs beyond the work of its
// server: two durations, so clocks that disagree do not matter.
export function edgesQuery(scope: MapScope, side: Side = 'all', service = ''): Sql {
  const where = matching(scope)
  const callers = side === 'down' ? ofService(service) : sql``
  const answers = side === 'up' ? ofService(service) : sql``
  const rest = side === 'down' ? sql`` : sql`
  UNION ALL
${deliveries(where, answers)}
  UNION ALL
${arrivals(where, answers)}`
  return summed(sql`${calls(where, callers, answers, side)}${rest}`)
}

// Requests from outside alone, for a map whose calls are counted: counts do not tell which requests had no parent.
export function arrivalsQuery(range: Range, service = ''): Sql {
  return summed(arrivals(within('start_time', range), service === '' ? sql`` : ofService(service)))
}

const summed = (rows: Sql): Sql => sql`SELECT source, source_kind, target, target_kind, system, peer, namespace,
  count(*) AS calls,
  count(*) FILTER (WHERE failed) AS failed,
  duration_quantiles(duration_ns) AS quantiles,
  duration_quantiles(duration_ns - inner_ns) FILTER (WHERE inner_ns <= duration_ns) AS hops,
  count(*) FILTER (WHERE inner_ns <= duration_ns) AS hop_calls,
  first_value(trace_id ORDER BY failed DESC, duration_ns DESC) AS trace_id
FROM (
${rows}
)
WHERE source <> target OR source_kind <> target_kind
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY calls DESC
LIMIT ${integer(edgesLimit)}`

function calls(where: Sql, callers: Sql, answers: Sql, side: Side): Sql {
  // Whoever asks for the callers of a service has no use for calls that nobody answered.
  const kind = side === 'up' ? sql`INNER` : sql`LEFT`
  return sql`  SELECT c.service_name AS source, 'service' AS source_kind,
    CASE WHEN c.broker IS NOT NULL THEN coalesce(c.destination, c.broker)
      WHEN a.service_name IS NOT NULL THEN a.service_name
      ELSE coalesce(concat_ws(' / ', c.peer, c.namespace), c.system) END AS target,
    CASE WHEN c.broker IS NOT NULL THEN 'queue' WHEN a.service_name IS NOT NULL THEN 'service'
      WHEN c.system IS NOT NULL THEN 'database' ELSE 'peer' END AS target_kind,
    coalesce(c.broker, CASE WHEN a.service_name IS NULL THEN c.system END) AS system,
    CASE WHEN a.service_name IS NULL AND c.broker IS NULL THEN c.peer END AS peer,
    CASE WHEN a.service_name IS NULL AND c.broker IS NULL THEN c.namespace END AS namespace,
    c.status_code = 'ERROR' OR (a.status_code IS NOT NULL AND a.status_code = 'ERROR') AS failed,
    c.duration_ns, CASE WHEN c.broker IS NULL THEN a.duration_ns END AS inner_ns, c.trace_id
  FROM (
    SELECT trace_id, span_id, service_name, status_code, duration_ns,
      nullif(${peer}, '') AS peer, ${databaseSystem} AS system, CASE WHEN ${databaseSystem} IS NOT NULL THEN nullif(${databaseName}, '') END AS namespace,
      ${broker} AS broker, ${destination} AS destination
    FROM spans WHERE ${where} AND kind IN ('CLIENT', 'PRODUCER')${callers}
  ) c ${kind} JOIN (
    SELECT trace_id, parent_span_id, service_name, status_code, duration_ns
    FROM spans WHERE ${where} AND kind IN ('SERVER', 'CONSUMER') AND parent_span_id IS NOT NULL${answers}
  ) a ON a.trace_id = c.trace_id AND a.parent_span_id = c.span_id
  WHERE c.broker IS NOT NULL OR a.service_name IS NOT NULL OR c.peer IS NOT NULL OR c.system IS NOT NULL`
}

function deliveries(where: Sql, answers: Sql): Sql {
  return sql`  SELECT coalesce(${destination}, ${broker}), 'queue', service_name, 'service', ${broker}, CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR),
    status_code = 'ERROR', duration_ns, CAST(NULL AS BIGINT), trace_id
  FROM spans WHERE ${where} AND kind = 'CONSUMER' AND ${broker} IS NOT NULL${answers}`
}

// Requests without a parent come from browsers, schedulers, programs that send no telemetry.
function arrivals(where: Sql, answers: Sql): Sql {
  return sql`  SELECT '' AS source, 'outside' AS source_kind, service_name AS target, 'service' AS target_kind,
    CAST(NULL AS VARCHAR) AS system, CAST(NULL AS VARCHAR) AS peer, CAST(NULL AS VARCHAR) AS namespace,
    status_code = 'ERROR' AS failed, duration_ns, CAST(NULL AS BIGINT) AS inner_ns, trace_id
  FROM spans WHERE ${where} AND kind IN ('SERVER', 'CONSUMER') AND ${broker} IS NULL AND parent_span_id IS NULL${answers}`
}
