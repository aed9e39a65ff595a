// Spans, their events and the log records of a trace, in one order of time.
import type { Row } from '../../../api/client'
import { parseTime } from '../../../time/nanoseconds'
import type { Trace } from '../trace'
import { isError, nameOf, serviceOf } from '../tree'

export type MomentKind = 'span' | 'event' | 'log'

export interface Moment {
  kind: MomentKind
  at: number // nanoseconds from the start of the trace
  row: number // -1 where no span of the trace claims it
  service: string
  text: string
  severity: number
  failed: boolean
}

export const spanMoments = ({ tree }: Trace): Moment[] =>
  Array.from({ length: tree.total }, (_, row) => row)
    .filter((row) => (tree.spanOf[row] as number) >= 0)
    .map((row) => ({ kind: 'span', at: tree.start[row] as number, row, service: serviceOf(tree, row), text: nameOf(tree, row), severity: 0, failed: isError(tree, row) }))

export interface EventFact {
  spanId: string
  time: bigint
  name: string
  message: string
}

export function eventMoments({ tree, origin }: Trace, events: readonly EventFact[], rowOfId: ReadonlyMap<string, number>): Moment[] {
  return events.map(({ spanId, time, name, message }) => {
    const row = rowOfId.get(spanId) ?? -1
    return { kind: 'event', at: Number(time - origin), row, service: row < 0 ? '' : serviceOf(tree, row), text: message ? `${name}: ${message}` : name, severity: 0, failed: name === 'exception' }
  })
}

export function logMoments({ origin }: Trace, logs: readonly Row[], rowOfId: ReadonlyMap<string, number>): Moment[] {
  return logs.map((log) => {
    const severity = Number(log['severity_number'] ?? 0)
    return {
      kind: 'log', at: Number(parseTime(String(log['time'])) - origin), row: rowOfId.get(String(log['span_id'] ?? '')) ?? -1,
      service: String(log['service_name'] ?? ''), text: String(log['body'] ?? ''), severity, failed: severity >= 17,
    }
  })
}

export function rowsById({ tree }: Trace): Map<string, number> {
  const rows = new Map<string, number>()
  tree.spans.ids.forEach((id, span) => {
    if (!rows.has(id)) rows.set(id, tree.rowOfSpan[span] as number)
  })
  return rows
}

const rank: Record<MomentKind, number> = { span: 0, event: 1, log: 2 }

// At the same time a span comes before what happened in it.
export const inOrder = (moments: readonly Moment[]): Moment[] => [...moments].sort((left, right) => left.at - right.at || rank[left.kind] - rank[right.kind])
