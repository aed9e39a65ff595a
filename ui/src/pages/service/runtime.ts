// Charts of what a process tells of itself: gauges as they are, counters as rates, histograms as means.
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import { runtimeFamilies } from './queries'

export interface RuntimeChart {
  metric: string
  unit: string
  description: string
  perSecond: boolean
  lines: { label: string; values: (number | null)[] }[]
  left: number // series that are not drawn
}

export const linesMost = 8

interface SeriesInfo {
  metric: string
  counter: boolean
  histogram: boolean
  delta: boolean
  unit: string
  description: string
  attributes: Record<string, SqlValue>
}

export function readRuntime(series: readonly Row[], points: readonly Row[], times: readonly number[], seconds: number): RuntimeChart[] {
  const pointsOf = new Map<string, Row[]>()
  for (const point of points) {
    const id = String(point['series'])
    pointsOf.set(id, [...(pointsOf.get(id) ?? []), point])
  }
  const metrics = new Map<string, { info: SeriesInfo; values: (number | null)[] }[]>()
  for (const row of series) {
    const info = readInfo(row)
    const drawn = { info, values: valuesOf(info, pointsOf.get(String(row['series'])) ?? [], times, seconds) }
    metrics.set(info.metric, [...(metrics.get(info.metric) ?? []), drawn])
  }
  return [...metrics].map(([metric, all]) => chartOf(metric, all)).sort((left, right) => rank(left.metric) - rank(right.metric))
}

const rank = (metric: string): number => (runtimeFamilies as readonly string[]).indexOf(metric.split('.')[0] ?? '')

function readInfo(row: Row): SeriesInfo {
  const instance = row['instance'] === null || row['instance'] === undefined ? {} : { instance: row['instance'] }
  return {
    metric: String(row['metric_name']),
    counter: row['type'] === 'sum' && row['monotonic'] === true,
    histogram: row['type'] === 'histogram',
    delta: row['temporality'] === 'delta',
    unit: String(row['unit'] ?? ''),
    description: String(row['description'] ?? ''),
    attributes: { ...((row['attributes'] ?? {}) as Record<string, SqlValue>), ...instance },
  }
}

const numberOf = (row: Row, name: string): number | null => (row[name] === null || row[name] === undefined ? null : Number(row[name]))

export function valuesOf(info: Pick<SeriesInfo, 'counter' | 'histogram' | 'delta'>, points: readonly Row[], times: readonly number[], seconds: number): (number | null)[] {
  const values = new Array<number | null>(times.length).fill(null)
  const place = new Map(times.map((time, index) => [time, index]))
  let before: Row | null = null
  for (const point of [...points].sort((left, right) => Number(left['second']) - Number(right['second']))) {
    const index = place.get(Number(point['second']))
    if (index !== undefined) values[index] = valueOf(info, point, before, seconds)
    before = point
  }
  return values
}

function valueOf({ counter, histogram, delta }: Pick<SeriesInfo, 'counter' | 'histogram' | 'delta'>, point: Row, before: Row | null, seconds: number): number | null {
  if (histogram) {
    const amount = delta ? numberOf(point, 'count_total') : growth(point, before, 'count_highest')
    const sum = delta ? numberOf(point, 'sum_total') : growth(point, before, 'sum_highest')
    return amount && sum !== null ? sum / amount : null
  }
  if (!counter) return numberOf(point, 'mean')
  if (delta) return (numberOf(point, 'total') ?? 0) / seconds
  const grown = growth(point, before, 'highest')
  return grown === null || !before ? null : grown / (Number(point['second']) - Number(before['second']))
}

// A counter that fell was started anew, so what it shows is what it grew by.
function growth(point: Row, before: Row | null, name: string): number | null {
  const [now, then] = [numberOf(point, name), before && numberOf(before, name)]
  if (now === null || then === null) return null
  return now >= then ? now - then : now
}

function chartOf(metric: string, all: readonly { info: SeriesInfo; values: (number | null)[] }[]): RuntimeChart {
  const first = (all[0] as { info: SeriesInfo }).info
  const labels = distinguish(all.map(({ info }) => info.attributes), metric)
  const mean = (values: readonly (number | null)[]): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
  const lines = all.map(({ values }, index) => ({ label: labels[index] ?? metric, values })).sort((left, right) => mean(right.values) - mean(left.values))
  return { metric, unit: first.unit, description: first.description, perSecond: first.counter, lines: lines.slice(0, linesMost), left: Math.max(0, lines.length - linesMost) }
}

// Names series by the attributes in which they differ; those all share would only take room.
export function distinguish(all: readonly Record<string, SqlValue>[], fallback: string): string[] {
  const keys = [...new Set(all.flatMap((attributes) => Object.keys(attributes)))]
  const differing = keys.filter((key) => new Set(all.map((attributes) => String(attributes[key] ?? ''))).size > 1)
  // Old and new names of one attribute carry the same values; one of them is enough.
  const seen = new Set<string>()
  const telling = differing.filter((key) => {
    const values = all.map((attributes) => String(attributes[key] ?? '')).join('\n')
    return seen.has(values) ? false : seen.add(values)
  })
  return all.map((attributes) => telling.map((key) => String(attributes[key] ?? '–')).join(' · ') || fallback)
}
