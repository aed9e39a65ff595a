// Shapes of Prometheus's answers, and what stands in their text.

export type Labels = Readonly<Record<string, string>>
export type Point = readonly [time: number, value: string]

// Buckets are [rule of the bounds, lower, upper, count].
export interface NativeHistogram {
  count: string
  sum: string
  buckets?: [number, string, string, string][]
}

export interface VectorSample {
  metric: Labels
  value?: Point
  histogram?: [number, NativeHistogram]
}

export interface MatrixSeries {
  metric: Labels
  values?: Point[]
  histograms?: [number, NativeHistogram][]
}

export interface QueryStats {
  timings: Record<'evalTotalTime' | 'queryPreparationTime' | 'innerEvalTime' | 'execQueueTime' | 'execTotalTime', number>
  samples: { totalQueryableSamples: number; peakSamples: number }
}

export type QueryData = { stats?: QueryStats } & (
  | { resultType: 'vector'; result: VectorSample[] }
  | { resultType: 'matrix'; result: MatrixSeries[] }
  | { resultType: 'scalar' | 'string'; result: Point }
)

export type RangeData = QueryData & { resultType: 'matrix' }

export interface Answer<T> {
  data: T
  warnings: string[]
  infos: string[]
}

// Seconds since 1970; times of a range query are start, start + step, … up to end.
export interface Span {
  start: number
  end: number
}

export interface Steps extends Span {
  step: number
}

export interface MetricMetadata {
  type: string
  help: string
  unit: string
}

export interface Exemplar {
  labels: Labels
  value: string
  timestamp: number
}

export interface ExemplarSeries {
  seriesLabels: Labels
  exemplars: Exemplar[]
}

// A node of `parse_query`; which members there are depends on its type.
export interface TreeNode {
  type: string
  [member: string]: unknown
}

export interface NamedCount {
  name: string
  value: number
}

export interface Sizes {
  headStats: { numSeries: number; numLabelPairs: number; minTime: number; maxTime: number }
  seriesCountByMetricName: NamedCount[]
  labelValueCountByLabelName: NamedCount[]
  memoryInBytesByLabelName: NamedCount[]
  seriesCountByLabelValuePair: NamedCount[]
}

// Names of labels that stand in a path are escaped where they are no plain ones.
export function escapeName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  const escaped = [...name].map((char) => (char === '_' ? '__' : /[A-Za-z0-9]/.test(char) ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`))
  return `U__${escaped.join('')}`
}

const infinities: Record<string, number> = { '+Inf': Infinity, Inf: Infinity, '-Inf': -Infinity }

export const numberOf = (written: string): number => infinities[written] ?? Number(written)
