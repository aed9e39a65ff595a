// Single observations behind a metric, as marks on its chart.
import { numberOf, type ExemplarSeries, type Labels } from './answer'

export interface ExemplarMark {
  time: number // seconds since 1970
  value: number
  traceId: string | null
  spanId: string | null
  labels: Labels // of the exemplar and its series
}

const first = (labels: Labels, names: readonly string[]): string | null => names.map((name) => labels[name]).find((value) => value !== undefined && value !== '') ?? null

const unsaid = /^(?:__name__|le|trace_?id|span_?id|otel_scope_.*|service_instance_id|instance)$/i

// What is worth saying of an exemplar beside its value and its trace.
export const labelsOf = ({ labels }: ExemplarMark): [name: string, value: string][] => Object.entries(labels).filter(([name]) => !unsaid.test(name))

// The largest of each moment where there are more than a chart can show.
export function marksOf(found: readonly ExemplarSeries[], most = 60): ExemplarMark[] {
  const all = found.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }): ExemplarMark => ({
      time: timestamp, value: numberOf(value), labels: { ...seriesLabels, ...labels },
      traceId: first(labels, ['trace_id', 'traceID', 'traceId']), spanId: first(labels, ['span_id', 'spanID', 'spanId']),
    })),
  )
  const known = new Set<string>()
  // Every bucket above the observation has the same exemplar.
  const distinct = all.filter(({ time, value, traceId, spanId }) => {
    const key = `${time} ${value} ${traceId} ${spanId}`
    return known.has(key) ? false : known.add(key)
  })
  const sorted = distinct.sort((left, right) => left.time - right.time)
  if (sorted.length <= most) return sorted
  const [start, end] = [sorted[0]?.time ?? 0, sorted.at(-1)?.time ?? 0]
  const largest = new Map<number, ExemplarMark>()
  for (const mark of sorted) {
    const moment = Math.min(most - 1, Math.floor(((mark.time - start) / (end - start || 1)) * most))
    const known = largest.get(moment)
    if (!known || mark.value > known.value) largest.set(moment, mark)
  }
  return [...largest.values()]
}
