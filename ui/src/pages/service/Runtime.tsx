import { useMemo, useState } from 'preact/hooks'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Icon } from '../../components/Icon'
import { Failed, Skeleton } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { TimeChart, type Series } from '../../components/TimeChart'
import { Value } from '../../components/Value'
import { t } from '../../i18n/translate'
import type { Sql } from '../../sql/escape'
import { bytes, compact, count, duration, percent, rate } from '../../time/format'
import { bucketSeconds, bucketStarts } from '../../time/range'
import { pointsLimit, runtimePointsQuery, runtimeSeriesQuery } from './queries'
import { readRuntime, type RuntimeChart } from './runtime'
import type { ServiceScope } from './scope'

const step = 18

export function Runtime({ scope: { range, filters } }: { scope: ServiceScope }) {
  const [most, setMost] = useState(step)
  // Slices shorter than the usual export interval would mostly be empty.
  const seconds = Math.max(bucketSeconds(range, 60), 15)
  const series = useSql(runtimeSeriesQuery(range, filters).text)
  const query = runtimePointsQuery(range, filters, seconds)
  const points = useSql(query.text, { limit: pointsLimit })
  const times = useMemo(() => bucketStarts(range, seconds), [range, seconds])
  const charts = useMemo(() => (series.data && points.data ? readRuntime(toObjects(series.data), toObjects(points.data), times, seconds) : null), [series.data, points.data])
  const fault = series.fault ?? points.fault
  if (fault) return <Failed fault={fault} retry={() => { series.refetch(); points.refetch() }} />
  if (!charts) return <Skeleton height={240} />
  if (charts.length === 0) {
    return (
      <div class="notice">
        <Icon name="chart" size={24} />
        <strong>{t('service.runtime.none')}</strong>
        <p>{t('service.runtime.none.hint')}</p>
      </div>
    )
  }
  return (
    <div class="stack">
      {points.data?.truncated && <p class="banner">{t('service.firstOf', { n: pointsLimit })}</p>}
      <div class="runtime-charts">
        {charts.slice(0, most).map((chart) => (
          <Card key={chart.metric} chart={chart} times={times} query={query} />
        ))}
      </div>
      {charts.length > most && (
        <button class="button" onClick={() => setMost(most + step)}>{t('service.runtime.more', { n: charts.length - most })}</button>
      )}
    </div>
  )
}

function Card({ chart, times, query }: { chart: RuntimeChart; times: readonly number[]; query: Sql }) {
  const series = useMemo(() => chart.lines.map(({ label, values }, index): Series => ({ label, values, colour: (colours) => colours.services[index % 10] ?? colours.info })), [chart])
  const format = useMemo(() => formatOf(chart), [chart])
  return (
    <Panel
      title={<Value field="metric" value={chart.metric} class="mono runtime-name" />}
      tools={<ShowQuery query={query} />}
    >
      <p class="quiet cut runtime-about" title={chart.description}>
        {chart.description || chart.unit}
        {chart.left > 0 && <> · {t('service.runtime.top', { n: chart.lines.length, all: chart.lines.length + chart.left })}</>}
      </p>
      <TimeChart title={chart.metric} times={times} series={series} format={format} height={118} />
      {series.length > 1 && (
        <ul class="runtime-legend">
          {series.map(({ label }, index) => (
            <li key={label}><i style={{ background: `var(--s${index % 10})` }} /><span class="cut">{label}</span></li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

export function formatOf({ unit, perSecond }: Pick<RuntimeChart, 'unit' | 'perSecond'>): (value: number) => string {
  const each = perSecond ? '/s' : ''
  if (unit === 'By') return (value) => `${bytes(value)}${each}`
  // Seconds of processor time per second are a share of one processor.
  if (unit === 's') return perSecond ? percent : (value) => duration(value * 1e9)
  if (unit === 'ms') return (value) => `${duration(value * 1e6)}${each}`
  if (unit === '1' || unit === '%') return (value) => percent(unit === '%' ? value / 100 : value)
  return (value) => `${perSecond ? rate(value) : Math.abs(value) < 10 && !Number.isInteger(value) ? count(Math.round(value * 100) / 100) : compact(Math.round(value))}${each}`
}
