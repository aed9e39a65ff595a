// What a comparison asks of Tempo's API.
import { runSql, toObjects } from '../../../api/client'
import { searchTraces, spanTotals, type SeriesAnswer } from '../../../api/tempo'
import type { Sql } from '../../../sql/escape'
import type { Range } from '../../../time/range'
import { narrowedTo, windowOf, type Region } from '../plot/region'
import { isSelected, sampledSpans, sampleOptions, spansOfStatement, valuesOf, type Found } from './sample'
import type { SampledSpan, Sides } from './score'

const counted = (query: string): string => `${query} | count_over_time()`
const totalOf = ({ series }: SeriesAnswer): number => series.reduce((sum, { value = 0 }) => sum + value, 0)

export async function sidesByTempo(query: string, region: Region, range: Range, signal: AbortSignal): Promise<Sides> {
  const window = windowOf(region, range)
  const [all, selected] = await Promise.all([spanTotals(counted(query), range, signal), spanTotals(counted(narrowedTo(query, region)), window, signal)])
  const inside = totalOf(selected)
  return { inside, outside: Math.max(0, totalOf(all) - inside) }
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

export async function readSpans({ query, found }: { query: Sql; found: readonly Found[] }, signal: AbortSignal): Promise<SampledSpan[]> {
  const selected = new Map(found.map((span) => [`${span.trace} ${span.span}`, span.selected]))
  const rows = toObjects(await runSql(query.text, { signal, limit: spansOfStatement * 2 }))
  return rows.flatMap((row) => {
    const side = selected.get(`${String(row['trace_id'])} ${String(row['span_id'])}`)
    return side === undefined ? [] : [{ trace: String(row['trace_id']), selected: side, values: valuesOf(row) }]
  })
}
