import { useMemo } from 'preact/hooks'
import { toObjects } from '../../api/client'
import { useSql } from '../../api/query'
import { Gate, NothingMatches } from '../../components/Notice'
import { Panel } from '../../components/Panel'
import { ShowQuery } from '../../components/ShowQuery'
import { TimeChart, type Marker, type Series } from '../../components/TimeChart'
import type { Paint } from '../../components/palette'
import { t } from '../../i18n/translate'
import { day, duration, minute, percent, rate } from '../../time/format'
import { bucketSeconds } from '../../time/range'
import { deploys } from './deploys'
import { Operations } from './Operations'
import { redTrendQuery, versionsQuery } from './queries'
import type { ServiceScope } from './scope'
import { dayBefore, fit, readTrend, type RedTrend } from './trend'
import { Versions } from './Versions'

export function Overview({ scope }: { scope: ServiceScope }) {
  return (
    <div class="stack">
      <RedCharts scope={scope} />
      <Operations scope={scope} />
      <Versions scope={scope} />
    </div>
  )
}

const stamp = (seconds: number): string => (day(seconds * 1000) === day(Date.now()) ? minute(seconds * 1000) : `${day(seconds * 1000)} ${minute(seconds * 1000)}`)

const colour = (slot: number) => (colours: Paint): string => colours.services[slot] ?? colours.info
const faded = (colours: Paint): string => colours.text3
const errorColour = (colours: Paint): string => colours.error

function RedCharts({ scope }: { scope: ServiceScope }) {
  const { range, filters, compare } = scope
  const seconds = bucketSeconds(range, 60)
  const query = redTrendQuery(range, filters, seconds)
  const now = useSql(query.text)
  const earlier = dayBefore(range)
  const before = useSql(compare ? redTrendQuery(earlier, filters, seconds).text : null)
  const versions = useSql(versionsQuery(range, filters, seconds).text, { limit: 5000 })
  const markers = useMemo<Marker[]>(() => deploys(versions.data ? toObjects(versions.data) : []).map(({ time, version }) => ({ time, label: version })), [versions.data])
  const trend = useMemo(() => (now.data ? readTrend(toObjects(now.data), range, seconds) : null), [now.data])
  const past = useMemo(() => (compare && before.data ? readTrend(toObjects(before.data), earlier, seconds) : null), [before.data, compare])
  const charts = useMemo(() => (trend ? chartsOf(trend, past) : []), [trend, past])
  if (now.fault || !trend) return <Panel title={t('service.red')}><Gate of={now} height={180}>{() => null}</Gate></Panel>
  if (trend.total === 0) return <Panel title={t('service.red')} tools={<ShowQuery query={query} />}><NothingMatches /></Panel>
  return (
    <>
      {compare && past && past.total === 0 && <p class="banner">{t('service.compare.none')}</p>}
      <div class="red-charts">
        {charts.map(({ title, series, format }) => (
          <Panel key={title} title={title} note={<Legend series={series} />} tools={<ShowQuery query={query} />}>
            <TimeChart title={title} times={trend.times} series={series} format={format} markers={markers} height={160} />
          </Panel>
        ))}
      </div>
      {markers.length > 0 && (
        <p class="quiet deploy-note">▾ {t('service.deploys', { n: markers.length })}: {markers.slice(-6).map(({ label, time }) => `${label} (${stamp(time)})`).join(', ')}</p>
      )}
    </>
  )
}

function Legend({ series }: { series: readonly Series[] }) {
  if (series.length < 2) return null
  return (
    <span class="red-legend">
      {series.map(({ label, dashed }) => (
        <span key={label} class={dashed ? 'dashed' : ''}>{label}</span>
      ))}
    </span>
  )
}

interface Chart {
  title: string
  series: Series[]
  format: (value: number) => string
}

function chartsOf(now: RedTrend, past: RedTrend | null): Chart[] {
  const yesterday = (values: readonly (number | null)[], name = ''): Series[] =>
    past ? [{ label: [name, t('service.yesterday')].filter(Boolean).join(' '), values: fit(values, now.times.length), colour: faded, dashed: true }] : []
  return [
    { title: t('service.chart.rate'), format: (value) => `${rate(value)}/s`, series: [{ label: t('service.now'), values: now.rate, colour: colour(0) }, ...yesterday(past?.rate ?? [])] },
    { title: t('service.chart.errors'), format: percent, series: [{ label: t('service.now'), values: now.errors, colour: errorColour }, ...yesterday(past?.errors ?? [])] },
    {
      title: t('service.chart.latency'), format: duration,
      series: [
        { label: 'p99', values: now.p99, colour: colour(4) },
        { label: 'p95', values: now.p95, colour: colour(1) },
        { label: 'p50', values: now.p50, colour: colour(2) },
        ...yesterday(past?.p95 ?? [], 'p95'),
      ],
    },
  ]
}
