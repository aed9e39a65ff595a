// The labels of a metric, which values they have, and what each costs in series.
import { useMemo } from 'preact/hooks'
import { useSchema } from '../../../api/query'
import { Failed, Skeleton } from '../../../components/Notice'
import { Panel } from '../../../components/Panel'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { filterKeyOf, filterValueOf } from '../../../promql/text'
import { count } from '../../../time/format'
import { setParams } from '../../../url/state'
import { BlameList } from '../cardinality/BlameList'
import type { Described } from './MetricView'
import { seriesMost, type MetricSeries } from './useMetric'

const valuesMost = 12

const groupBy = (label: string) => setParams((params) => {
  for (const name of ['by', 'tab']) params.delete(name)
  params.set('by', label)
})

export function LabelsTable({ metric, series }: { metric: Described; series: MetricSeries }) {
  const schema = useSchema()
  const keys = useMemo(() => (schema.data?.attribute_keys ?? []).map(({ key }) => key), [schema.data])
  if (series.fault) return <Failed fault={series.fault} />
  // Names of attributes come with the schema; a filter by the label's name would hold on this page only.
  if (!series.all || (!schema.data && !schema.fault)) return <Skeleton height={260} />
  return (
    <>
      {series.full && <p class="banner">{t('metrics.series.full', { n: seriesMost })}</p>}
      <Panel title={t('metrics.labels')} note={t('metrics.labels.note', { n: series.labels.length })} flush>
        <div class="label-table" tabIndex={0} role="region" aria-label={t('metrics.labels')}>
          <table class="grid-table">
            <thead>
              <tr>
                <th scope="col">{t('metrics.label')}</th>
                <th scope="col" class="right">{t('metrics.values')}</th>
                <th scope="col">{t('metrics.values.frequent')}</th>
              </tr>
            </thead>
            <tbody>
              {series.labels.map(({ label, values }) => (
                <tr key={label}>
                  <td class="mono">{values.length > 1 ? <button class="ranking-name" title={t('metrics.groupByThis')} onClick={() => groupBy(label)}>{label}</button> : label}</td>
                  <td class="right num">{count(values.length)}</td>
                  <td>
                    <span class="label-values">
                      {values.slice(0, valuesMost).map(({ value, series: having }) => (
                        <span key={value} class="label-value"><Value field={filterKeyOf(label, metric.name, keys)} value={filterValueOf(label, metric.name, value)} class="mono">{value.slice(0, 80)}</Value><span class="quiet num">{count(having)}</span></span>
                      ))}
                      {values.length > valuesMost && <span class="quiet">{t('metrics.values.more', { n: values.length - valuesMost })}</span>}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
      <Panel title={t('metrics.blame')} note={t('metrics.blame.note')} flush>
        <BlameList series={series.all} />
      </Panel>
    </>
  )
}
