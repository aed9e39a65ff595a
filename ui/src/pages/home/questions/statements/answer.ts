import type { Row } from '../../../../api/client'

export const statementsMost = 8

export interface Statement {
  statement: string
  calls: number
  total: number
  mean: number
  p95: number
  share: number
  failed: number
  system: string
  callers: string[]
  slowest: { traceId: string; spanId: string }
  // The N+1 pattern: at most so often under one span, under so many of them.
  repeats: { most: number; parents: number; traceId: string } | null
}

export function answerStatements(rows: readonly Row[], loops: readonly Row[]): Statement[] {
  const loopOf = new Map(loops.map((row) => [String(row['statement']), row]))
  return rows.filter((row) => row['statement'] !== null).slice(0, statementsMost).map((row) => {
    const [calls, total, all] = [Number(row['calls']), Number(row['total_ns']), Number(row['all_total_ns'])]
    const loop = loopOf.get(String(row['statement']))
    return {
      statement: String(row['statement']).trim(),
      calls,
      total,
      mean: calls > 0 ? total / calls : 0,
      p95: Number(row['p95_ns']),
      share: all > 0 ? total / all : 0,
      failed: Number(row['failed']),
      system: String(row['system'] ?? ''),
      callers: Array.isArray(row['callers']) ? row['callers'].map(String).sort() : [],
      slowest: slowestOf(row['slowest']),
      repeats: loop ? { most: Number(loop['most']), parents: Number(loop['parents']), traceId: String(loop['trace_id']) } : null,
    }
  })
}

function slowestOf(ids: Row[string] | undefined): Statement['slowest'] {
  const [traceId = '', spanId = ''] = String(ids ?? '').split(' ')
  return { traceId, spanId }
}
