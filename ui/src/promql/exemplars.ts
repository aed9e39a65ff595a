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

// The largest ones where there are more than a chart can show.
export function marksOf(found: readonly ExemplarSeries[], most = 200): ExemplarMark[] {
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
  if (distinct.length <= most) return distinct.sort((left, right) => left.time - right.time)
  return distinct.sort((left, right) => right.value - left.value).slice(0, most).sort((left, right) => left.time - right.time)
}
