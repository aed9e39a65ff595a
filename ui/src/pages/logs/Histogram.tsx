import { useMemo } from 'preact/hooks'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import type { Paint } from '../../components/palette'
import { Gate } from '../../components/Notice'
import { ShowQuery } from '../../components/ShowQuery'
import { TimeChart, type Series } from '../../components/TimeChart'
import { t } from '../../i18n/translate'
import { count } from '../../time/format'
import { bucketSeconds, bucketStarts } from '../../time/range'
import { severityBands } from '../../sql/severity'
import { histogramQuery, type LogScope } from './queries'

const colourOf: Record<string, (colours: Paint) => string> = {
  FATAL: (colours) => colours.fatal,
  ERROR: (colours) => colours.error,
  WARN: (colours) => colours.warn,
  INFO: (colours) => colours.info,
  DEBUG: (colours) => colours.quiet,
  TRACE: (colours) => colours.faint,
  UNSET: (colours) => colours.lineStrong,
}

// Stacked by severity, the worst at the foot so that a few errors stay visible.
export function Histogram({ scope }: { scope: LogScope }) {
  const seconds = bucketSeconds(scope.range, 110)
  const query = histogramQuery(scope, seconds)
  const loaded = useSql(query.text)
  const chart = useMemo(() => {
    const times = bucketStarts(scope.range, seconds)
    const place = new Map(times.map((time, index) => [time, index]))
    const bands = new Map<string, number[]>()
    let total = 0
    for (const row of loaded.data ? toObjects(loaded.data) : []) {
      const index = place.get(Number(row['second']))
      if (index === undefined) continue
      const name = String(row['severity'])
      const values = bands.get(name) ?? new Array<number>(times.length).fill(0)
      values[index] = Number(row['records'])
      total += Number(row['records'])
      bands.set(name, values)
    }
    const series: Series[] = severityBands.flatMap(({ name }) => {
      const values = bands.get(name)
      return values ? [{ label: name, values, colour: colourOf[name] as (colours: Paint) => string }] : []
    })
    return { times, series, total }
  }, [loaded.data])
  return (
    <section class="panel histogram">
      <div class="log-head">
        <span class="num">{t('logs.count', { n: chart.total })}</span>
        <ul class="legend hide-phone">
          {chart.series.map(({ label, values }) => (
            <li key={label} class={`sev sev-${label}`}>
              <i />
              {label} <span class="num quiet">{count(values.reduce<number>((sum, value) => sum + (value ?? 0), 0))}</span>
            </li>
          ))}
        </ul>
        <span class="push" />
        <ShowQuery query={query} />
      </div>
      <Gate of={loaded} height={110}>
        {() => (chart.total === 0 ? <p class="quiet histogram-empty">{t('logs.noneInRange')}</p> : <TimeChart title={t('logs.histogram')} times={chart.times} series={chart.series} kind="bars" height={110} />)}
      </Gate>
    </section>
  )
}
