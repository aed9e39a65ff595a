import type { SqlAnswer } from '../../api/types'
import { offsetsFrom } from '../../time/nanoseconds'
import { makeTrace, type Trace } from './trace'

export function readTrace(answer: SqlAnswer): Trace {
  const column = (name: string) => {
    const index = answer.columns.findIndex((candidate) => candidate.name === name)
    return answer.rows.map((row) => row[index] ?? null)
  }
  const { origin, offsets } = offsetsFrom(column('start_time') as string[])
  const spans = {
    ids: column('span_id') as string[],
    parents: column('parent_span_id') as (string | null)[],
    names: column('name') as string[],
    services: column('service_name').map((name) => String(name ?? 'unknown')),
    kinds: column('kind').map((kind) => String(kind ?? 'UNSPECIFIED')),
    starts: offsets,
    durations: Float64Array.from(column('duration_ns'), Number),
    errors: column('status_code').map((status) => status === 'ERROR'),
  }
  return makeTrace(spans, origin, answer.truncated)
}
