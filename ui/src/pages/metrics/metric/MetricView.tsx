// One metric: the charts one would ask for by its kind, by its labels, and where it comes from.
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { Icon } from '../../../components/Icon'
import { Failed, NothingMatches, Skeleton } from '../../../components/Notice'
import { Segmented } from '../../../components/Tabs'
import { t } from '../../../i18n/translate'
import { metricsPath } from '../../../promql/ShowPromql'
import { promDuration, readPromDuration, matchersOf } from '../../../promql/text'
import { rateSeconds, stepsOf } from '../../../promql/steps'
import { FilterBar } from '../../../shell/FilterBar'
import { useKeys } from '../../../shell/keys'
import { TopBar } from '../../../shell/TopBar'
import type { Range } from '../../../time/range'
import { linkTo, setParams, useFilters, useParam, useParams, useRange } from '../../../url/state'
import { viewOf, viewsOf, type Asked } from '../automatic'
import type { Family } from '../catalogue/families'
import { dividing } from '../labels'
import { TypeTag } from '../TypeTag'
import { Breakdown } from './Breakdown'
import { Charts } from './Charts'
import { LabelsTable } from './LabelsTable'
import { Origins } from './Origins'
import { useMetric, useSeries, type MetricSeries } from './useMetric'

const tabs = ['charts', 'breakdown', 'labels'] as const
type Tab = (typeof tabs)[number]

export default function MetricView({ name, views }: { name: string; views: ComponentChildren }) {
  const { range } = useRange()
  const filters = useFilters()
  const { metric, exists, fault, fetching, refetch } = useMetric(name)
  const series = useSeries(metric, range, filters)
  const [, navigate] = useLocation()
  useKeys({ Escape: () => navigate(linkTo(metricsPath)) })
  return (
    <>
      <TopBar title={<span class="mono metric-title">{name}</span>} range busy={fetching} />
      <FilterBar signal={name.startsWith('traces_') ? 'spans' : 'metrics'}>
        {views}
        <Link class="button small plain metrics-back" href={linkTo(metricsPath)}>
          <Icon name="right" size={12} /> {t('metrics.back')}
        </Link>
      </FilterBar>
      <div class="page stack metric-page">
        {fault && <Failed fault={fault} retry={refetch} />}
        {!fault && !metric && <Skeleton height={320} />}
        {metric && !fault && !exists && <p class="notice">{t('metrics.unknown', { name })}</p>}
        {metric && !fault && exists && <Body metric={metric} range={range} series={series} />}
      </div>
    </>
  )
}

export type Described = Omit<Family, 'series'>

function Body({ metric, range, series }: { metric: Described; range: Range; series: MetricSeries }) {
  const [shownTab, setTab] = useParam('tab', 'charts')
  const tab: Tab = tabs.find((known) => known === shownTab) ?? 'charts'
  const asked = useAsked(metric, range)
  return (
    <>
      <header class="metric-head">
        <TypeTag kind={metric.kind} />
        {metric.unit !== '' && <span class="mono quiet" title={t('metrics.unit')}>{metric.unit}</span>}
        <p>{metric.help || <span class="quiet">{t('metrics.noHelp')}</span>}</p>
        {series.all && <span class="quiet num">{t(series.full ? 'metrics.seriesAtLeast' : 'metrics.seriesCount', { n: series.all.length })}</span>}
      </header>
      <Origins metric={metric} series={series} />
      <div class="metric-tools">
        <Segmented label={t('metrics.tabs')} selected={tab} onSelect={(id) => setTab(id)} items={tabs.map((id) => ({ id, label: t(`metrics.tab.${id}`) }))} />
        {tab !== 'labels' && <Tools metric={metric} asked={asked} />}
      </div>
      {tab === 'charts' && <GroupBy series={series} asked={asked} />}
      {series.all?.length === 0 && !series.fault ? (
        <NothingMatches />
      ) : (
        <>
          {tab === 'charts' && <Charts metric={metric} asked={asked} range={range} />}
          {tab === 'breakdown' && <Breakdown metric={metric} asked={asked} range={range} labels={series.labels} />}
          {tab === 'labels' && <LabelsTable metric={metric} series={series} />}
        </>
      )}
    </>
  )
}

function useAsked(metric: Described, range: Range): Asked {
  const params = useParams()
  const filters = useFilters()
  return useMemo(() => ({
    matchers: matchersOf(filters, metric.name), group: params.getAll('by'),
    window: readPromDuration(params.get('w') ?? '') ?? rateSeconds(stepsOf(range)), view: viewOf(metric.kind, params.get('fn') ?? ''),
  }), [metric, params, filters, range])
}

const windows = [60, 120, 300, 600, 1800, 3600, 21_600, 86_400]

function Tools({ metric, asked }: { metric: Described; asked: Asked }) {
  const [, setView] = useParam('fn', viewsOf(metric.kind)[0])
  const [written, setWindow] = useParam('w')
  const hasWindow = metric.kind !== 'gauge' && metric.kind !== 'info' && asked.view !== 'value'
  const views = viewsOf(metric.kind)
  return (
    <>
      {views.length > 1 && (
        <label class="tool">
          <span class="quiet">{t('metrics.fn')}</span>
          <select class="field small" value={asked.view} onChange={({ currentTarget }) => setView(currentTarget.value)}>
            {views.map((view) => <option key={view} value={view}>{/^p\d/.test(view) ? view : t(`metrics.fn.${view}` as 'metrics.fn.rate')}</option>)}
          </select>
        </label>
      )}
      {hasWindow && (
        <label class="tool">
          <span class="quiet">{t('metrics.window')}</span>
          <select class="field small" value={written} onChange={({ currentTarget }) => setWindow(currentTarget.value)}>
            <option value="">{t('metrics.window.auto', { window: promDuration(asked.window) })}</option>
            {windows.map((seconds) => <option key={seconds} value={promDuration(seconds)}>{promDuration(seconds)}</option>)}
          </select>
        </label>
      )}
    </>
  )
}

export function toggleGroup(label: string): void {
  setParams((params) => {
    const known = params.getAll('by')
    params.delete('by')
    for (const other of known.includes(label) ? known.filter((one) => one !== label) : [...known, label]) params.append('by', other)
  })
}

// A label with one value tells nothing apart.
function GroupBy({ series, asked }: { series: MetricSeries; asked: Asked }) {
  const several = dividing(series.labels)
  const offered = [...several, ...series.labels.filter((one) => asked.group.includes(one.label) && !several.includes(one))]
  if (offered.length === 0) return null
  return (
    <div class="group-by" role="group" aria-label={t('metrics.groupBy')}>
      <span class="quiet">{t('metrics.groupBy')}</span>
      {offered.map(({ label, values }) => (
        <button key={label} class="button small" aria-pressed={asked.group.includes(label)} onClick={() => toggleGroup(label)}>
          <span class="mono">{label}</span> <span class="quiet num">{values.length}</span>
        </button>
      ))}
    </div>
  )
}
