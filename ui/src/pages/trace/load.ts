import { column } from '../../api/client'
import type { SqlAnswer } from '../../api/types'
import { sql, text, type Sql } from '../../sql/escape'
import { offsetsFrom } from '../../time/nanoseconds'
import { buildTree, type TraceTree } from './tree'

export const spanLimit = 200_000

// Only the columns that the waterfall draws; attributes are asked for one span at a time.
export const spansQuery = (traceId: string): Sql => sql`SELECT span_id, parent_span_id, name, service_name, start_time, duration_ns, status_code
FROM spans
WHERE trace_id = ${text(traceId)}
ORDER BY start_time`

export const spanQuery = (traceId: string, spanId: string): Sql => sql`SELECT *
FROM spans
WHERE trace_id = ${text(traceId)} AND span_id = ${text(spanId)}
LIMIT 1`

export function logsQuery(traceId: string, spanId: string | null): Sql {
  const ofSpan = spanId === null ? sql`` : sql` AND span_id = ${text(spanId)}`
  return sql`SELECT time, severity_number, severity_text, service_name, body, span_id
FROM logs
WHERE trace_id = ${text(traceId)}${ofSpan}
ORDER BY time
LIMIT 500`
}

export interface LoadedTrace {
  tree: TraceTree
  origin: bigint
  truncated: boolean
}

export function readTrace(answer: SqlAnswer): LoadedTrace {
  const { origin, offsets } = offsetsFrom(column(answer, 'start_time') as string[])
  const tree = buildTree({
    ids: column(answer, 'span_id') as string[],
    parents: column(answer, 'parent_span_id') as (string | null)[],
    names: column(answer, 'name') as string[],
    services: column(answer, 'service_name').map((name) => String(name ?? 'unknown')),
    starts: offsets,
    durations: Float64Array.from(column(answer, 'duration_ns'), Number),
    errors: column(answer, 'status_code').map((status) => status === 'ERROR'),
  })
  return { tree, origin, truncated: answer.truncated }
}
