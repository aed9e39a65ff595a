// Where a trace's details come from: the server, one span at a time, or the records of an opened file.
import { toObjects, type Row } from '../../api/client'
import { useLoad, type Loaded } from '../../api/query'
import { runSql } from '../../api/client'
import { integer, sql, text, type Sql } from '../../sql/escape'
import type { SpanRecord } from './formats/record'
import { loadTrace } from './load'
import type { Trace } from './trace'
import { useState } from 'preact/hooks'

export interface Source {
  traceId: string
  records: readonly SpanRecord[] | null // of a file; null asks the server
}

export const spanQuery = (traceId: string, spanId: string): Sql => sql`SELECT *
FROM spans
WHERE trace_id = ${text(traceId)} AND span_id = ${text(spanId)}
LIMIT 10`

export const recordsQuery = (traceId: string, most: number): Sql => sql`SELECT *
FROM spans
WHERE trace_id = ${text(traceId)}
ORDER BY start_time
LIMIT ${integer(most)}`

export function logsQuery(traceId: string, spanId: string | null, most = 500): Sql {
  const ofSpan = spanId === null ? sql`` : sql` AND span_id = ${text(spanId)}`
  return sql`SELECT time, severity_number, severity_text, service_name, body, span_id
FROM logs
WHERE trace_id = ${text(traceId)}${ofSpan}
ORDER BY time
LIMIT ${integer(most)}`
}

export interface LoadedTrace extends Loaded<Trace> {
  partial: boolean
}

export function useTrace(traceId: string): LoadedTrace {
  const [part, setPart] = useState<Trace | null>(null)
  const loaded = useLoad(['trace', traceId], (signal) => loadTrace(traceId, signal, setPart), { keepPrevious: false })
  if (loaded.data || !part) return { ...loaded, partial: false }
  return { ...loaded, data: part, partial: true }
}

// The whole span behind a row. Where two spans share an id, kind and service tell them apart.
export function useSpanRow({ traceId, records }: Source, spanId: string, kind: string, service: string): Loaded<Row | null> {
  return useLoad(['span', traceId, spanId, kind, service, records === null], async (signal) => {
    const rows = records ? [] : toObjects(await runSql(spanQuery(traceId, spanId).text, { signal }))
    const own = (row: Row) => row['kind'] === kind && row['service_name'] === service
    if (!records) return rows.find(own) ?? rows[0] ?? null
    const { recordRow } = await import('./formats/record')
    const found = records.filter((record) => record.spanId === spanId)
    const record = found.find((one) => one.kind === kind && one.service === service) ?? found[0]
    return record ? recordRow(record) : null
  }, { keepPrevious: false })
}
