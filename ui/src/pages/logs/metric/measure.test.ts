import { describe, expect, it } from 'vitest'
import { settle, freePlace } from '../../dashboards/model/grid'
import { readDashboard } from '../../dashboards/model/read'
import { writeDashboard } from '../../dashboards/model/write'
import { emptyDashboard } from '../../dashboards/model/document'
import type { LogScope } from '../queries'
import { metricQuery, panelOf, panelQuery, type Metric } from './measure'

const scope: LogScope = { range: { from: 1_700_000_000_000_000_000n, to: 1_700_003_600_000_000_000n }, filters: [{ key: 'service', op: '=', value: 'spam' }], search: 'fire' }

describe('a search as a metric', () => {
  const cases: [metric: Metric, value: string, rest: string[]][] = [
    [{ measure: 'count', field: '', by: '' }, 'count(*) AS value', ['GROUP BY 1\n']],
    [{ measure: 'rate', field: '', by: 'severity' }, 'count(*) / 60.0 AS value', ['AS name', 'GROUP BY 1, 2']],
    [{ measure: 'errors', field: '', by: 'service' }, 'count(*) FILTER (WHERE severity_number >= 17) / CAST(count(*) AS DOUBLE) AS value', [`coalesce(CAST("service_name" AS VARCHAR), '') AS name`]],
    [{ measure: 'p95', field: 'took.ms', by: '' }, `approx_percentile_cont(TRY_CAST(CAST(attributes['took.ms'] AS VARCHAR) AS DOUBLE), 0.95) AS value`, [`attributes['took.ms'] IS NOT NULL`]],
  ]
  for (const [metric, value, rest] of cases) {
    it(`${metric.measure} ${metric.field} by ${metric.by || 'nothing'}`, () => {
      const query = metricQuery(scope, metric, 60).text
      for (const part of [value, ...rest, `"service_name" = 'spam'`, `ILIKE '%fire%'`, '"time" >= TIMESTAMP']) expect(query).toContain(part)
      const panel = panelQuery(scope, metric).text
      for (const part of ['$__timeGroup(time, $__interval) AS time', 'WHERE $__timeFilter(time) AND']) expect(panel).toContain(part)
      expect(panel).not.toContain('TIMESTAMP')
    })
  }

  it('is a panel that a dashboard takes', () => {
    const panel = { ...panelOf('Fires', scope, { measure: 'count', field: '', by: 'service' }), id: 1, place: freePlace([], 12, 8) }
    const dashboard = { ...emptyDashboard('Kitchen'), panels: settle([panel]) }
    expect(readDashboard(JSON.parse(writeDashboard(dashboard))).panels[0]).toMatchObject({ title: 'Fires', draw: 'bars', stack: 'normal', queries: [{ language: 'sql', legend: '{{name}}' }] })
  })
})
