// A sample of spans, for queries that compare() cannot answer.
import { readValue } from '../../../api/anyValue'
import type { Row } from '../../../api/client'
import type { FoundSpan } from '../../../api/tempo'
import { integer, join, sql, text, type Sql } from '../../../sql/escape'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import type { Region } from '../plot/region'

export const sampleOptions = { limit: 400, spans: 50 }
export const sampledSpans = 1200 // of either side
export const spansOfStatement = 400

export interface Found {
  trace: string
  span: string
  selected: boolean
}

export function isSelected(region: Region, { startTimeUnixNano, durationNanos, attributes }: FoundSpan): boolean {
  if (region.kind === 'errors') return attributes.some(({ key, value }) => key === 'status' && readValue(value) === 'error')
  const { from, to, low, high } = region
  const [start, lasted] = [BigInt(startTimeUnixNano), Number(durationNanos)]
  return (from === null || start >= from) && (to === null || start < to) && (low === null || lasted >= low) && (high === null || lasted < high)
}

export function statements(found: readonly Found[], range: Range): { query: Sql; found: readonly Found[] }[] {
  const batches: { query: Sql; found: readonly Found[] }[] = []
  for (let at = 0; at < found.length; at += spansOfStatement) {
    const batch = found.slice(at, at + spansOfStatement)
    const ids = [...new Set(batch.map(({ trace }) => trace))]
    batches.push({
      found: batch,
      query: sql`SELECT trace_id, span_id, service_name, name, kind, status_code, status_message, scope_name, attributes, resource_attributes
FROM spans
WHERE ${within('start_time', range)} AND trace_id IN (${join(ids.map((id) => text(id)), ', ')})
  AND span_id IN (${join(batch.map(({ span }) => text(span)), ', ')})
LIMIT ${integer(spansOfStatement * 2)}`,
    })
  }
  return batches
}

const plain: readonly (readonly [column: string, field: string])[] = [['service_name', 'service'], ['name', 'name'], ['kind', 'kind'], ['status_code', 'status'], ['status_message', 'status_message'], ['scope_name', 'scope']]

export function valuesOf(row: Row): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [column, field] of plain) if (row[column]) values[field] = String(row[column])
  for (const [column, prefix] of [['resource_attributes', 'resource:'], ['attributes', '']] as const) {
    const map = row[column]
    if (map === null || typeof map !== 'object' || Array.isArray(map)) continue
    for (const [key, value] of Object.entries(map)) {
      if (key === 'service.name' && prefix !== '') continue
      if (value !== null) values[prefix + key] = typeof value === 'object' ? JSON.stringify(value) : String(value)
    }
  }
  return values
}
