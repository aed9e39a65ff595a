// Small charts of the metrics that the trace's services sent around its time.
import type { Row } from '../../../api/client'
import { integer, join, sql, text, type Sql } from '../../../sql/escape'
import { bucket, within } from '../../../sql/range'
import { parseTime } from '../../../time/nanoseconds'

export interface Chart {
  service: string
  metric: string
  unit: string
  what: 'mean' | 'total' | 'rate'
  points: [second: number, value: number][]
}

const around = 600_000_000_000n // ten minutes to both sides
const bucketWidth = 20
const mostCharts = 48
const mostPerService = 12

export const metricsQuery = (services: readonly string[], origin: bigint, extent: number): Sql => sql`SELECT service_name, metric_name, coalesce(unit, '') AS unit, type, temporality, is_monotonic, series, ${bucket('time', bucketWidth)} AS at,
  avg(value) AS mean, max(value) AS top, sum(value) AS added, max(count) AS calls, max(sum) AS amount, sum(count) AS calls_added, sum(sum) AS amount_added
FROM metrics
WHERE service_name IN (${join(services.slice(0, 50).map(text), ', ')}) AND ${within('time', { from: origin - around, to: origin + BigInt(Math.round(extent)) + around })}
GROUP BY service_name, metric_name, unit, type, temporality, is_monotonic, series, at
ORDER BY at
LIMIT ${integer(100_000)}`

interface Line {
  service: string
  metric: string
  unit: string
  kind: 'gauge' | 'level' | 'counter' | 'histogram'
  delta: boolean
  series: Map<string, Point[]>
}

interface Point {
  second: number
  row: Row
}

export function charts(rows: readonly Row[]): Chart[] {
  const lines = new Map<string, Line>()
  for (const row of rows) {
    const [service, metric] = [String(row['service_name']), String(row['metric_name'])]
    const line = lines.get(`${service}\n${metric}`) ?? { service, metric, unit: String(row['unit'] ?? ''), kind: kindOf(row), delta: row['temporality'] === 'delta', series: new Map() }
    lines.set(`${service}\n${metric}`, line)
    const point = { second: Number(parseTime(String(row['at'])) / 1_000_000_000n), row }
    const known = line.series.get(String(row['series']))
    if (known) known.push(point)
    else line.series.set(String(row['series']), [point])
  }
  const all = [...lines.values()].map(chartOf).filter(({ points }) => points.length > 1)
  const perService = new Map<string, number>()
  return all.sort(byInterest).filter(({ service }) => {
    perService.set(service, (perService.get(service) ?? 0) + 1)
    return (perService.get(service) as number) <= mostPerService
  }).slice(0, mostCharts)
}

function kindOf(row: Row): Line['kind'] {
  if (row['type'] === 'gauge') return 'gauge'
  if (row['type'] === 'sum') return row['is_monotonic'] === true ? 'counter' : 'level'
  return 'histogram'
}

function chartOf(line: Line): Chart {
  const base = { service: line.service, metric: line.metric, unit: line.unit }
  if (line.kind === 'gauge' || line.kind === 'level') {
    const sums = addUp(line, ({ row }) => [Number(row['mean']), 1])
    const what = line.kind === 'gauge' ? 'mean' : 'total'
    return { ...base, what, points: sums.map(([second, sum, series]) => [second, what === 'mean' ? sum / series : sum]) }
  }
  if (line.kind === 'counter') {
    const sums = addUp(line, (point, before) => [grown(line, point, before, 'top', 'added') / elapsed(line, point, before), 1])
    return { ...base, what: 'rate', points: sums.map(([second, sum]) => [second, sum]) }
  }
  const sums = addUp(line, (point, before) => [grown(line, point, before, 'amount', 'amount_added'), grown(line, point, before, 'calls', 'calls_added')])
  return { ...base, what: 'mean', points: sums.filter(([, , calls]) => calls > 0).map(([second, amount, calls]) => [second, amount / calls]) }
}

const elapsed = ({ delta }: Line, point: Point, before: Point | undefined): number => (delta || !before ? bucketWidth : Math.max(1, point.second - before.second))

// How much a counter grew since the bucket before; one that fell was restarted and counts from zero.
function grown({ delta }: Line, { row }: Point, before: Point | undefined, top: string, added: string): number {
  if (delta) return Number(row[added] ?? 0)
  if (!before) return NaN
  const [now, then] = [Number(row[top] ?? 0), Number(before.row[top] ?? 0)]
  return now >= then ? now - then : now
}

function addUp({ series }: Line, value: (point: Point, before: Point | undefined) => [number, number]): [number, number, number][] {
  const sums = new Map<number, [number, number]>()
  for (const points of series.values()) {
    points.forEach((point, index) => {
      const [first, second] = value(point, points[index - 1])
      if (!Number.isFinite(first) || !Number.isFinite(second)) return
      const sum = sums.get(point.second) ?? [0, 0]
      sums.set(point.second, [sum[0] + first, sum[1] + second])
    })
  }
  return [...sums].map(([at, [first, second]]): [number, number, number] => [at, first, second]).sort((left, right) => left[0] - right[0])
}

const telling = [/^http\.server/, /^rpc\.server/, /duration/, /cpu/, /memory/, /^db\./, /^http\.client/, /^messaging/]

function byInterest(left: Chart, right: Chart): number {
  const rank = ({ metric }: Chart) => (telling.findIndex((pattern) => pattern.test(metric)) + telling.length + 1) % (telling.length + 1)
  return left.service.localeCompare(right.service) || rank(left) - rank(right) || left.metric.localeCompare(right.metric)
}
