// One kind of failure may be told by a span, by a log record, or by both.
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'

export type FailureSource = 'span' | 'log' | 'status'

export interface Failure {
  key: string
  type: string
  message: string
  sample: string
  stack: string | null
  times: number
  first: string
  last: string
  operations: string[]
  traces: string[]
  sources: FailureSource[]
}

const textOf = (value: SqlValue | undefined): string => (value === null || value === undefined ? '' : String(value))
const texts = (value: SqlValue | undefined): string[] => (Array.isArray(value) ? value.map(textOf).filter(Boolean) : [])

const traceLimit = 5

// Loggers tend to drop the module of a type, so `app.RottenEgg` and `RottenEgg` are the same.
const lastPart = (type: string): string => type.split(/[.:]+/).at(-1) ?? type

export function readFailures(rows: readonly Row[]): Failure[] {
  const merged = new Map<string, Failure>()
  for (const row of rows) {
    const failure = readOne(row)
    const known = merged.get(failure.key)
    merged.set(failure.key, known ? join(known, failure) : failure)
  }
  return [...merged.values()]
}

function readOne(row: Row): Failure {
  const type = textOf(row['type'])
  const message = textOf(row['message'])
  const source = textOf(row['source']) as FailureSource
  return {
    key: `${source === 'status' ? 'status' : 'exception'} ${lastPart(type)} ${message}`,
    type, message, times: Number(row['times']),
    sample: textOf(row['sample']) || message,
    stack: textOf(row['stack']) || null,
    first: textOf(row['first_seen']), last: textOf(row['last_seen']),
    operations: texts(row['operations']),
    traces: [...new Set(texts(row['traces']))].slice(0, traceLimit),
    sources: [source],
  }
}

// What was both logged and recorded happened once, so the larger number counts, not the sum.
function join(left: Failure, right: Failure): Failure {
  return {
    ...left,
    type: left.type.length >= right.type.length ? left.type : right.type,
    times: Math.max(left.times, right.times),
    stack: left.stack ?? right.stack,
    first: left.first < right.first ? left.first : right.first,
    last: left.last > right.last ? left.last : right.last,
    operations: [...new Set([...left.operations, ...right.operations])],
    traces: [...new Set([...left.traces, ...right.traces])].slice(0, traceLimit),
    sources: [...new Set([...left.sources, ...right.sources])],
  }
}
