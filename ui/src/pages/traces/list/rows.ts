import type { Row } from '../../../api/client'
import type { FoundTrace, Spanset } from '../../../api/tempo'
import { parseTime, writeTime } from '../../../time/nanoseconds'
import type { Sort } from './queries'

export interface TraceRow {
  id: string
  started: string
  duration: number
  spans: number
  services: number
  errors: number
  name: string
  service: string
  status: string
  matched: number | null // spans that the text found
  sets: readonly Spanset[]
}

export function readRow(row: Row): TraceRow {
  const status = row['root_status']
  return {
    id: String(row['trace_id']),
    started: String(row['started']),
    duration: Number(row['duration_ns']),
    spans: Number(row['spans']),
    services: Number(row['services']),
    errors: Number(row['errors']),
    name: String(row['root_name'] ?? ''),
    service: String(row['root_service'] ?? ''),
    status: status === null || status === undefined ? '' : String(status),
    matched: null,
    sets: [],
  }
}

const noRoot = '<root span not yet received>'

// What the search says of a trace, with exact times and the status of the root once these are known.
export function joined(found: readonly FoundTrace[], details: readonly Row[]): TraceRow[] {
  const known = new Map(details.map((row) => [String(row['trace_id']), readRow(row)]))
  return found.map((trace) => {
    const stats = Object.values(trace.serviceStats)
    const row: TraceRow = known.get(trace.traceID) ?? {
      id: trace.traceID,
      started: writeTime(BigInt(trace.startTimeUnixNano)),
      duration: trace.durationMs * 1e6,
      spans: stats.reduce((sum, { spanCount }) => sum + spanCount, 0),
      services: stats.length,
      errors: stats.reduce((sum, { errorCount }) => sum + errorCount, 0),
      name: trace.rootTraceName,
      service: trace.rootServiceName === noRoot ? '' : trace.rootServiceName,
      status: '',
      matched: null,
      sets: [],
    }
    return { ...row, matched: trace.spanSets.reduce((sum, { matched }) => sum + matched, 0), sets: trace.spanSets }
  })
}

export function sortRows(rows: readonly TraceRow[], sort: Sort): TraceRow[] {
  const newest = (left: TraceRow, right: TraceRow): number => Number(parseTime(right.started) - parseTime(left.started))
  const orders: Record<Sort, (left: TraceRow, right: TraceRow) => number> = {
    newest,
    slowest: (left, right) => right.duration - left.duration,
    errors: (left, right) => right.errors - left.errors || newest(left, right),
    spans: (left, right) => right.spans - left.spans,
  }
  return [...rows].sort(orders[sort])
}
