// Traces of the selection that have a value.
import { runSql, toObjects } from '../../../api/client'
import { searchTraces } from '../../../api/tempo'
import type { Range } from '../../../time/range'
import type { Sql } from '../../../sql/escape'
import { narrowedTo, windowOf, type Region } from '../plot/region'
import { narrowed, type PageQuery } from '../query/pageQuery'
import { fieldsToCompare, samplesQuery } from './queries'
import type { Share } from './score'

export interface Sample {
  trace: string
  span: string
  name: string
  service: string
  duration: number
}

export interface SampleRequest {
  query: PageQuery
  range: Range
  region: Region
  source: Sql | null // the compared spans, where SQL counted them
}

const searched = 5

export async function samplesOf({ query, range, region, source }: SampleRequest, field: string, share: Share, signal: AbortSignal): Promise<Sample[]> {
  if (!source) {
    const asked = narrowed(narrowedTo(query.whole, region), share.condition ?? 'true')
    const answer = await searchTraces(asked, windowOf(region, range), { limit: searched, spans: 1 }, signal)
    return answer.traces.flatMap(({ traceID, rootServiceName, spanSets }) => (spanSets[0]?.spans ?? []).map((span) => ({ trace: traceID, span: span.spanID, name: span.name, service: rootServiceName, duration: Number(span.durationNanos) })))
  }
  const keys = [{ table: 'spans', scope: scopeOf(field), key: field.replace(/^(resource|scope):/, ''), type: '', count: 0 }]
  const known = fieldsToCompare(keys, region).fields.find((one) => one.field === field)
  if (!known) return []
  const answer = await runSql(samplesQuery(source, region, known.expression, share.value).text, { signal })
  return toObjects(answer).map((row) => ({ trace: String(row['trace_id']), span: String(row['span_id']), name: String(row['name']), service: String(row['service_name'] ?? ''), duration: Number(row['duration_ns']) }))
}

function scopeOf(field: string): string {
  if (field.startsWith('resource:')) return 'resource_attributes'
  return field.startsWith('scope:') ? 'scope_attributes' : 'attributes'
}
