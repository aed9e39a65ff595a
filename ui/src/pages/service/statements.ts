import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'

export interface Statement {
  key: string
  text: string
  sample: string
  system: string | null
  namespace: string | null
  calls: number
  failed: number
  total: number
  p50: number
  p95: number
  perCaller: number | null // null where no span calls it
  callers: string[]
  traceId: string
  spanId: string
}

// From this many runs of one statement under one parent, a loop asks what a join would answer at once.
export const repeatsFrom = 5

const known = (value: SqlValue | undefined): string | null => (value === null || value === undefined || value === '' ? null : String(value))

export function readStatements(rows: readonly Row[]): Statement[] {
  return rows.flatMap((row) => {
    const text = known(row['statement'])
    if (text === null) return []
    const quantiles = row['quantiles'] as SqlValue[]
    const system = known(row['system'])
    const namespace = known(row['namespace'])
    return {
      key: `${system} ${namespace} ${text}`, text, system, namespace,
      sample: known(row['sample']) ?? text,
      calls: Number(row['calls']), failed: Number(row['failed']), total: Number(row['total_ns']),
      p50: Number(quantiles[0]), p95: Number(quantiles[1]),
      perCaller: row['per_caller'] === null || row['per_caller'] === undefined ? null : Number(row['per_caller']),
      callers: ((row['callers'] ?? []) as SqlValue[]).flatMap((name) => known(name) ?? []).sort(),
      traceId: String(row['trace_id']), spanId: String(row['span_id']),
    }
  })
}
