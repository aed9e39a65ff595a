// compare() of the metrics API, as distributions; and a sample of spans where it cannot answer.
import { readValue, searchTraces, spanTotals, type FoundSpan, type KeyValue, type SeriesAnswer } from '../../../api/tempo'
import { runSql, toObjects, type Row } from '../../../api/client'
import { integer, join, sql, text, type Sql } from '../../../sql/escape'
import { within } from '../../../sql/range'
import type { Range } from '../../../time/range'
import { narrowedTo, regionComparison, windowOf, type Region } from '../plot/region'
import { keyOf } from '../query/chips'
import { quote } from '../query/conjunction'
import { tokensOf } from '../query/tokens'
import { labelOf } from './queries'
import type { Distribution, SampledSpan, Share, Sides } from './score'

const topValues = 50

export function compareQuery(query: string, region: Region): string {
  const times = region.kind === 'box' && (region.from !== null || region.to !== null)
  const bounds = times ? `, ${topValues}, ${region.from ?? 0}, ${region.to ?? 2n ** 63n - 1n}` : `, ${topValues}`
  const comparison = regionComparison(region)
  return `${query} | compare({ ${comparison} }${bounds})`.replace('{  }', '{ }')
}

// `span.http.route` and `name`, as filters name them.
function fieldOf(name: string): string {
  const [token] = tokensOf(name) ?? []
  if (token?.kind === 'attribute') return keyOf(token) ?? name
  return name === 'statusMessage' ? 'status_message' : name
}

const valueOf = (field: string, value: string): string => (field === 'status' || field === 'kind' ? value.toUpperCase() : value)

export function distributionsOfCompare({ series }: SeriesAnswer): Distribution[] {
  const found = new Map<string, Distribution & { counts: { inside: number; outside: number } }>()
  for (const { labels, value = 0 } of series) {
    const meta = labels.find(({ key }) => key === '__meta_type')
    const label = labels.find(({ key }) => key !== '__meta_type')
    if (!meta || !label) continue
    const type = readValue(meta.value)
    const side = type.startsWith('selection') ? 'inside' : 'outside'
    const field = fieldOf(label.key)
    const known = found.get(field) ?? { field, label: labelOf(field), values: [], inside: 0, outside: 0, distinct: null, counts: { inside: 0, outside: 0 } }
    found.set(field, known)
    if (type.endsWith('_total')) known[side] = value
    else {
      addTo(known.values, { value: valueOf(field, readValue(label.value)), inside: 0, outside: 0, example: null, counter: null, condition: conditionOf(label) }, side, value)
      known.counts[side] += 1
    }
  }
  return [...found.values()].map(({ counts, ...rest }) => ({ ...rest, distinct: counts.inside < topValues && counts.outside < topValues ? rest.values.length : null }))
}

const keywords: readonly string[] = ['status', 'kind']

function conditionOf({ key, value }: KeyValue): string {
  const written = value.stringValue === undefined || keywords.includes(key) ? readValue(value) : quote(value.stringValue)
  return `${key} = ${written}`
}

function addTo(values: Share[], share: Share, side: 'inside' | 'outside', spans: number): void {
  const known = values.find(({ condition }) => condition === share.condition)
  if (known) known[side] += spans
  else values.push({ ...share, [side]: spans })
}

const counted = (query: string): string => `${query} | count_over_time()`
const totalOf = ({ series }: SeriesAnswer): number => series.reduce((sum, { value = 0 }) => sum + value, 0)

export async function sidesByTempo(query: string, region: Region, range: Range, signal: AbortSignal): Promise<Sides> {
  const window = windowOf(region, range)
  const [all, selected] = await Promise.all([spanTotals(counted(query), range, signal), spanTotals(counted(narrowedTo(query, region)), window, signal)])
  const inside = totalOf(selected)
  return { inside, outside: Math.max(0, totalOf(all) - inside) }
}

export const sampleOptions = { limit: 400, spans: 50 }
const sampledSpans = 1200 // of either side
const spansOfStatement = 400

interface Found {
  trace: string
  span: string
  selected: boolean
}

// The newest spans that a query finds, and whether each is selected. What compare() cannot answer
// (structure, pipelines) is compared by these.
export async function foundSpans(query: string, region: Region, range: Range, signal: AbortSignal): Promise<Found[]> {
  const shown = `${query} | select(status)`
  const [all, selected] = await Promise.all([
    searchTraces(shown, range, sampleOptions, signal),
    searchTraces(narrowedTo(query, region), windowOf(region, range), sampleOptions, signal),
  ])
  const spans = new Map<string, Found>()
  for (const [answer, searched] of [[all, false], [selected, true]] as const) {
    for (const { traceID, spanSets } of answer.traces) {
      for (const span of spanSets.flatMap((set) => set.spans)) {
        spans.set(`${traceID} ${span.spanID}`, { trace: traceID, span: span.spanID, selected: searched || isSelected(region, span) })
      }
    }
  }
  const found = [...spans.values()]
  return [true, false].flatMap((side) => found.filter((span) => span.selected === side).slice(0, sampledSpans))
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

export async function readSpans({ query, found }: { query: Sql; found: readonly Found[] }, signal: AbortSignal): Promise<SampledSpan[]> {
  const selected = new Map(found.map((span) => [`${span.trace} ${span.span}`, span.selected]))
  const rows = toObjects(await runSql(query.text, { signal, limit: spansOfStatement * 2 }))
  return rows.flatMap((row) => {
    const side = selected.get(`${String(row['trace_id'])} ${String(row['span_id'])}`)
    return side === undefined ? [] : [{ trace: String(row['trace_id']), selected: side, values: valuesOf(row) }]
  })
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
