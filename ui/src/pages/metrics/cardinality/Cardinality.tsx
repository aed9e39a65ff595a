// How many series there are, of which metrics, and because of which labels.
import type { ComponentChildren } from 'preact'
import { Link } from 'wouter-preact'
import { useLoad } from '../../../api/query'
import { Failed, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { t } from '../../../i18n/translate'
import type { NamedCount } from '../../../promql/answer'
import { series as askSeries, sizes } from '../../../promql/client'
import { metricLink } from '../../../promql/ShowPromql'
import { selector } from '../../../promql/text'
import { TopBar } from '../../../shell/TopBar'
import { bytes, count } from '../../../time/format'
import { asOf, useParam } from '../../../url/state'
import { seriesMost } from '../metric/useMetric'
import { Bar, BlameList } from './BlameList'

const tops = ['10', '50', '200'] as const
const headSeconds = 2 * 3600

export default function Cardinality({ views }: { views: ComponentChildren }) {
  const [top, setTop] = useParam('top', '10')
  const [metric, setMetric] = useParam('blame')
  const found = useLoad(['promql', 'sizes', top, asOf.value], async (signal) => (await sizes(Math.min(10_000, Math.max(1, Number(top) || 10)), { signal })).data)
  return (
    <>
      <TopBar title={t('nav.metrics')} busy={found.fetching} />
      <div class="filterbar">
        {views}
        <label class="tool">
          <span class="quiet">{t('metrics.top')}</span>
          <select class="field small" value={top} onChange={({ currentTarget }) => setTop(currentTarget.value)}>
            {tops.map((one) => <option key={one} value={one}>{one}</option>)}
          </select>
        </label>
        <span class="quiet hide-phone">{t('metrics.cardinality.note')}</span>
      </div>
      <div class="page stack">
        {found.fault && <Failed fault={found.fault} retry={found.refetch} />}
        {!found.fault && !found.data && <Skeleton height={320} />}
        {found.data && (
          <>
            <p class="cardinality-sum">{t('metrics.cardinality.sum', { series: count(found.data.headStats.numSeries), pairs: count(found.data.headStats.numLabelPairs) })}</p>
            {metric !== '' && <BlamePanel metric={metric} close={() => setMetric('')} />}
            <div class="cardinality">
              <Ranking title={t('metrics.cardinality.metrics')} entries={found.data.seriesCountByMetricName} all={found.data.headStats.numSeries} unit={count} onName={(name) => setMetric(name)} />
              <Ranking title={t('metrics.cardinality.labels')} entries={found.data.labelValueCountByLabelName} all={null} unit={count} />
              <Ranking title={t('metrics.cardinality.pairs')} entries={found.data.seriesCountByLabelValuePair} all={found.data.headStats.numSeries} unit={count} />
              <Ranking title={t('metrics.cardinality.bytes')} entries={found.data.memoryInBytesByLabelName} all={null} unit={bytes} />
            </div>
          </>
        )}
      </div>
    </>
  )
}

interface RankingProps {
  title: string
  entries: readonly NamedCount[]
  all: number | null
  unit: (value: number) => string
  onName?: (name: string) => void
}

function Ranking({ title, entries, all, unit, onName }: RankingProps) {
  const most = all ?? Math.max(1, ...entries.map(({ value }) => value))
  return (
    <Panel title={title} flush>
      <div class="label-table ranking" tabIndex={0} role="region" aria-label={title}>
        <table class="grid-table num">
          <tbody>
            {entries.map(({ name, value }) => (
              <tr key={name}>
                <th scope="row" class="mono">{onName ? <button class="ranking-name" title={t('metrics.blame.ask')} onClick={() => onName(name)}>{name}</button> : name}</th>
                <td class="right">{unit(value)}</td>
                <td class="ranking-bar">{all === null ? <span class="share bare"><i style={{ width: `${Math.round((value / most) * 100)}%` }} /></span> : <Bar share={value / most} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {entries.length === 0 && <p class="quiet pad">{t('metrics.cardinality.none')}</p>}
      </div>
    </Panel>
  )
}

function BlamePanel({ metric, close }: { metric: string; close: () => void }) {
  const end = asOf.value / 1000
  const found = useLoad(['promql', 'blame', metric, end], async (signal) => (await askSeries({ match: [selector(metric)], start: end - headSeconds, end, limit: seriesMost }, { signal })).data, { keepPrevious: false })
  const family = metric.replace(/_(?:bucket|sum|count)$/, '')
  return (
    <Panel
      title={t('metrics.blame.title', { metric })} note={found.data && t('metrics.seriesCount', { n: found.data.length })} flush
      tools={<><Link class="button small plain" href={metricLink(metric.endsWith('_bucket') ? family : metric, { tab: 'labels' })}>{t('metrics.open')}</Link><button class="button small plain" onClick={close}>{t('shell.close')}</button></>}
    >
      {found.fault && <Failed fault={found.fault} retry={found.refetch} />}
      {!found.fault && !found.data && <Skeleton height={140} />}
      {found.data && found.data.length >= seriesMost && <p class="banner">{t('metrics.series.full', { n: seriesMost })}</p>}
      {found.data && <BlameList series={found.data} />}
    </Panel>
  )
}
