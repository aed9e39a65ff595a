// From answers to what a chart draws: values at common times, names, and no more series than can be read.
import { numberOf, type Labels, type MatrixSeries, type Point, type QueryData, type Steps, type VectorSample } from './answer'
import { labelName, quoted } from './text'

export interface GraphSeries {
  id: string
  label: string
  labels: Labels
  values: readonly (number | null)[]
  colour?: string // of CSS; else the next of the palette
  dashed?: boolean
}

export const keeps = ['max', 'mean', 'last', 'min'] as const
export type Keep = (typeof keeps)[number]

export interface Frame {
  times: readonly number[] // seconds since 1970
  series: readonly GraphSeries[]
  total: number // series before the cap
}

export interface FrameOptions {
  legend?: string // `{{label}}` template
  name?: string // of a series without labels
  most?: number
  keep?: Keep
  prefix?: string // of ids, where several answers share a chart
}

export function timesOf({ start, end, step }: Steps): number[] {
  const count = Math.floor((end - start) / step + 1e-6) + 1
  return Array.from({ length: Math.max(0, count) }, (_, index) => Math.round((start + index * step) * 1000) / 1000)
}

export function frameOf(result: readonly MatrixSeries[], steps: Steps, options: FrameOptions = {}): Frame {
  const times = timesOf(steps)
  const kept = capped(result.map((one) => ({ metric: one.metric, values: valuesAt(one, steps, times.length) })), options.most ?? 50, options.keep ?? 'max')
  const names = legends(kept.map(({ metric }) => metric), options)
  const series = kept.map(({ metric, values }, index) => ({ id: `${options.prefix ?? ''}${writeLabels(metric)}`, label: names[index] ?? '', labels: metric, values }))
  return { times, series, total: result.length }
}

function valuesAt({ values, histograms }: MatrixSeries, { start, step }: Steps, count: number): (number | null)[] {
  const out = new Array<number | null>(count).fill(null)
  const put = (time: number, value: number) => {
    const at = Math.round((time - start) / step)
    if (at >= 0 && at < count && Number.isFinite(value)) out[at] = value
  }
  for (const [time, written] of values ?? []) put(time, numberOf(written))
  // Of a whole histogram a line can only show how many observations it has.
  for (const [time, { count: observations }] of histograms ?? []) put(time, numberOf(observations))
  return out
}

export function reduced(values: readonly (number | null)[], keep: Keep): number {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return -Infinity
  switch (keep) {
    case 'max':
      return known.reduce((most, value) => Math.max(most, value), -Infinity)
    case 'min':
      return -known.reduce((least, value) => Math.min(least, value), Infinity)
    case 'last':
      return known.at(-1) ?? 0
    case 'mean':
      return known.reduce((sum, value) => sum + value, 0) / known.length
  }
}

// The series that stay, in the order of the answer.
function capped<T extends { values: readonly (number | null)[] }>(all: readonly T[], most: number, keep: Keep): readonly T[] {
  if (all.length <= most) return all
  const ranked = all.map((one, index) => ({ index, rank: reduced(one.values, keep) })).sort((left, right) => right.rank - left.rank)
  const chosen = new Set(ranked.slice(0, most).map(({ index }) => index))
  return all.filter((_, index) => chosen.has(index))
}

export function writeLabels(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels
  const pairs = Object.entries(rest).map(([label, value]) => `${labelName(label)}=${quoted(value)}`)
  return pairs.length === 0 ? name || '{}' : `${name}{${pairs.join(', ')}}`
}

export const fromTemplate = (template: string, labels: Labels): string => template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, name: string) => labels[name] ?? '')

// What tells series apart, or what all have if nothing does.
export function legends(all: readonly Labels[], { legend, name }: Pick<FrameOptions, 'legend' | 'name'> = {}): string[] {
  if (legend) return all.map((labels) => fromTemplate(legend, labels) || writeLabels(labels))
  const telling = tellingLabels(all)
  return all.map((labels) => {
    if (all.length === 1) return Object.keys(labels).length === 0 ? (name ?? '{}') : writeLabels(labels)
    const parts = telling.map((key) => labels[key] ?? '').filter((value) => value !== '')
    return parts.join(' · ') || name || writeLabels(labels)
  })
}

// Who sent it, in words that few people know by heart.
export const isObscure = (label: string): boolean => /^(?:instance|service_instance_id|otel_scope_.*)$/.test(label)

// The labels that differ, each thing once; obscure ones only where others leave series alike.
function tellingLabels(all: readonly Labels[]): string[] {
  const written = (key: string) => all.map((labels) => labels[key] ?? '')
  const keys = [...new Set(all.flatMap((labels) => Object.keys(labels)))].filter((key) => new Set(written(key)).size > 1)
  const seen = new Set<string>()
  const distinct = keys.filter((key) => {
    const values = JSON.stringify(written(key))
    return seen.has(values) ? false : seen.add(values)
  })
  const clear = distinct.filter((key) => !isObscure(key))
  const told = new Set(all.map((labels) => JSON.stringify(clear.map((key) => labels[key] ?? '')))).size
  return told === all.length ? clear : distinct
}

export interface TableRow {
  labels: Labels
  value: number | null
  text: string | null // of a string, or of a histogram in words
}

// The rows of an instant answer.
export function rowsOf(data: QueryData): TableRow[] {
  if (data.resultType === 'vector') return data.result.map(sampleRow)
  if (data.resultType === 'matrix') return data.result.map(({ metric, values = [] }) => ({ labels: metric, value: values.length > 0 ? numberOf((values.at(-1) as Point)[1]) : null, text: null }))
  const written = data.result[1]
  return [{ labels: {}, value: data.resultType === 'scalar' ? numberOf(written) : null, text: data.resultType === 'string' ? written : null }]
}

function sampleRow({ metric, value, histogram }: VectorSample): TableRow {
  if (value) return { labels: metric, value: numberOf(value[1]), text: null }
  return { labels: metric, value: null, text: histogram ? `count ${histogram[1].count}, sum ${histogram[1].sum}` : null }
}

export const countOf = (data: QueryData): number => (data.resultType === 'vector' || data.resultType === 'matrix' ? data.result.length : 1)
