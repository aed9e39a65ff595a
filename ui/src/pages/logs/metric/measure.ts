// Pure: a search as a number over time.
import { sql, type Sql, all, decimal, integer } from '../../../sql/escape'
import { filterConditions, subjectOf } from '../../../sql/filter'
import { bucket, within } from '../../../sql/range'
import type { Panel } from '../../dashboards/model/document'
import { fieldText, type LogScope } from '../queries'
import { searchConditions } from '../search/compile'

export const counted = ['count', 'rate', 'errors'] as const
export const measured = ['avg', 'min', 'max', 'sum', 'p50', 'p95', 'p99'] as const
export type Measure = (typeof counted)[number] | (typeof measured)[number]

export interface Metric {
  measure: Measure
  field: string // what is measured, where something is
  by: string // what it is divided by, or nothing
}

export const isMeasured = (measure: Measure): boolean => (measured as readonly string[]).includes(measure)

// `seconds` is the width of a bucket, in SQL.
function valueOf({ measure, field }: Metric, seconds: Sql): Sql {
  const number = sql`TRY_CAST(CAST(${subjectOf(field, 'logs')} AS VARCHAR) AS DOUBLE)`
  switch (measure) {
    case 'count':
      return sql`count(*)`
    case 'rate':
      return sql`count(*) / ${seconds}`
    case 'errors':
      return sql`count(*) FILTER (WHERE severity_number >= 17) / CAST(count(*) AS DOUBLE)`
    case 'avg':
      return sql`avg(${number})`
    case 'min':
      return sql`min(${number})`
    case 'max':
      return sql`max(${number})`
    case 'sum':
      return sql`sum(${number})`
    default:
      return sql`approx_percentile_cont(${number}, ${decimal(Number(measure.slice(1)) / 100)})`
  }
}

interface Parts {
  time: Sql
  seconds: Sql
  condition: Sql
}

function statement(scope: LogScope, metric: Metric, { time, seconds, condition }: Parts): Sql {
  const conditions = [condition, ...filterConditions(scope.filters, 'logs'), ...searchConditions(scope.search)]
  const having = isMeasured(metric.measure) ? [sql`${subjectOf(metric.field, 'logs')} IS NOT NULL`] : []
  const name = metric.by === '' ? sql`` : sql`
  ${fieldText(metric.by)} AS name,`
  return sql`SELECT ${time} AS time,${name}
  ${valueOf(metric, seconds)} AS value
FROM logs
WHERE ${all([...conditions, ...having])}
GROUP BY ${metric.by === '' ? sql`1` : sql`1, 2`}
ORDER BY 1`
}

// For the range of the page.
export const metricQuery = (scope: LogScope, metric: Metric, seconds: number): Sql =>
  statement(scope, metric, { time: bucket('time', seconds), seconds: sql`${integer(seconds)}.0`, condition: within('time', scope.range) })

// For whatever range and width a dashboard asks for.
export const panelQuery = (scope: LogScope, metric: Metric): Sql =>
  statement(scope, metric, { time: sql`$__timeGroup(time, $__interval)`, seconds: sql`($__interval_ms / 1000.0)`, condition: sql`$__timeFilter(time)` })

export const unitOf = ({ measure }: Metric): string => (measure === 'errors' ? 'percentunit' : measure === 'rate' ? 'cps' : 'short')

export function panelOf(title: string, scope: LogScope, metric: Metric): Omit<Panel, 'id' | 'place'> {
  return {
    type: 'timeseries', title,
    queries: [{ ref: 'A', language: 'sql', query: panelQuery(scope, metric).text, ...(metric.by === '' ? {} : { legend: '{{name}}' }) }],
    unit: unitOf(metric),
    ...(metric.measure === 'count' ? { draw: 'bars' as const, ...(metric.by === '' ? {} : { stack: 'normal' as const }) } : {}),
  }
}
