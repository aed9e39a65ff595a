// The search as a metric: charted here, asked in the notebook, or kept as a panel of a dashboard.
import { useMemo, useState } from 'preact/hooks'
import { toObjects } from '../../../api/client'
import { useSchema, useSql } from '../../../api/query'
import type { SqlAnswer } from '../../../api/types'
import { Gate } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { TimeChart, type Series } from '../../../components/TimeChart'
import { t } from '../../../i18n/translate'
import { Dialog } from '../../../shell/Dialog'
import { fieldsOf } from '../../../sql/filter'
import { percent, rate } from '../../../time/format'
import { parseTime, toMilliseconds } from '../../../time/nanoseconds'
import { bucketSeconds, bucketStarts } from '../../../time/range'
import { fieldsOfLogs } from '../facets/offered'
import type { LogScope } from '../queries'
import { colourOfSeverity } from '../chart/bands'
import { AddToDashboard } from './AddToDashboard'
import { counted, isMeasured, measured, metricQuery, type Measure, type Metric } from './measure'

const bars = 80
const linesMost = 10

export function MetricDialog({ scope, by, close }: { scope: LogScope; by: string; close: () => void }) {
  const [metric, setMetric] = useState<Metric>({ measure: 'count', field: '', by: by === 'severity' ? '' : by })
  const seconds = bucketSeconds(scope.range, bars)
  const ready = !isMeasured(metric.measure) || metric.field.trim() !== ''
  const query = metricQuery(scope, metric, seconds)
  const loaded = useSql(ready ? query.text : null)
  const name = nameOf(metric, scope)
  const times = useMemo(() => bucketStarts(scope.range, seconds), [scope.range, seconds])
  const { series, total } = useMemo(() => seriesOf(loaded.data, times, name, metric.by === 'severity'), [loaded.data, times, name, metric.by])
  return (
    <Dialog title={t('logs.metric.title')} close={close}>
      <div class="metric-dialog">
        <Choices metric={metric} change={(changed) => setMetric({ ...metric, ...changed })} />
        {ready ? (
          <Gate of={loaded} height={200}>
            {() => (series.length === 0 ? <p class="quiet histogram-empty">{t('logs.metric.none')}</p> : (
              <TimeChart title={name} times={times} series={series} kind={metric.measure === 'count' ? 'bars' : 'lines'} height={200} format={metric.measure === 'errors' ? percent : rate} />
            ))}
          </Gate>
        ) : <p class="quiet histogram-empty">{t('logs.metric.choose')}</p>}
        {series.length > 1 && (
          <ul class="legend">
            {series.map(({ label }, index) => (
              <li key={label} {...(metric.by === 'severity' ? { class: `sev sev-${label}` } : { style: { '--c': `var(--s${order[index % order.length]})` } })}><i /> <span class="cut">{label}</span></li>
            ))}
            {total > series.length && <li class="quiet">{t('logs.metric.top', { n: series.length, total })}</li>}
          </ul>
        )}
        <div class="row wrap">
          <ShowQuery query={query} />
          {ready && <AddToDashboard title={name} scope={scope} metric={metric} />}
        </div>
      </div>
    </Dialog>
  )
}

const order = [0, 1, 2, 3, 6, 5, 4, 8, 7, 9]

function Choices({ metric, change }: { metric: Metric; change: (changed: Partial<Metric>) => void }) {
  const schema = useSchema()
  const fields = useMemo(() => fieldsOfLogs(schema.data?.attribute_keys ?? []).map(({ field }) => field), [schema.data])
  return (
    <div class="row wrap">
      <label class="row">
        <span class="quiet">{t('logs.metric.measure')}</span>
        <select class="field small" value={metric.measure} onChange={({ currentTarget }) => change({ measure: currentTarget.value as Measure })}>
          {counted.map((measure) => <option key={measure} value={measure}>{t(`logs.metric.${measure}`)}</option>)}
          {measured.map((measure) => <option key={measure} value={measure}>{t('logs.metric.of', { measure })}</option>)}
        </select>
      </label>
      {isMeasured(metric.measure) && (
        <label class="row">
          <span class="quiet">{t('logs.metric.field')}</span>
          <input class="field small mono" list="metric-fields" value={metric.field} onChange={({ currentTarget }) => change({ field: currentTarget.value.trim() })} />
        </label>
      )}
      <label class="row">
        <span class="quiet">{t('logs.metric.by')}</span>
        <input class="field small mono" list="metric-groups" value={metric.by} onChange={({ currentTarget }) => change({ by: currentTarget.value.trim() })} />
      </label>
      <datalist id="metric-fields">{fields.map((field) => <option key={field} value={field} />)}</datalist>
      <datalist id="metric-groups">{[...fieldsOf('logs').filter((field) => !['time', 'body'].includes(field)), ...fields].map((field) => <option key={field} value={field} />)}</datalist>
    </div>
  )
}

function nameOf({ measure, field, by }: Metric, { search }: LogScope): string {
  const what = isMeasured(measure) ? `${measure}(${field})` : t(`logs.metric.${measure as 'count'}`)
  return [what, ...(search === '' ? [] : [search]), ...(by === '' ? [] : [t('logs.chart.by', { field: by })])].join(' · ').slice(0, 120)
}

function seriesOf(answer: SqlAnswer | undefined, times: readonly number[], name: string, severities: boolean): { series: Series[]; total: number } {
  const place = new Map(times.map((time, index) => [time, index]))
  const lines = new Map<string, { values: (number | null)[]; sum: number }>()
  for (const row of answer ? toObjects(answer) : []) {
    const index = place.get(toMilliseconds(parseTime(String(row['time']))) / 1000)
    if (index === undefined || row['value'] === null) continue
    const label = row['name'] === undefined ? name : String(row['name']) || '∅'
    const line = lines.get(label) ?? { values: new Array<number | null>(times.length).fill(null), sum: 0 }
    line.values[index] = Number(row['value'])
    line.sum += Math.abs(Number(row['value']))
    lines.set(label, line)
  }
  const largest = [...lines].sort(([, left], [, right]) => right.sum - left.sum).slice(0, linesMost)
  const series = largest.map(([label, { values }], index): Series => ({ label, values, colour: (severities && colourOfSeverity[label]) || ((colours) => colours.services[order[index % order.length] ?? 0] ?? colours.accent) }))
  return { series, total: lines.size }
}
