import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { column, toObjects } from '../../../api/client'
import { useSql } from '../../../api/query'
import { Icon } from '../../../components/Icon'
import { Gate } from '../../../components/Notice'
import { ShowQuery } from '../../../components/ShowQuery'
import { TimeChart, type Marker } from '../../../components/TimeChart'
import { t } from '../../../i18n/translate'
import { compact } from '../../../time/format'
import { bucketSeconds, bucketStarts } from '../../../time/range'
import { facetQuery, histogramQuery, type LogScope } from '../queries'
import { bandsOf } from './bands'

interface HistogramProps {
  scope: LogScope
  by?: string
  onUngroup?: () => void
  onPick?: (second: number) => void
  seen?: Marker | null // where the list is
  tools?: ComponentChildren
}

const namedMost = 9
const bars = 110
const height = 110

export function Histogram({ scope, by = 'severity', onUngroup, onPick, seen = null, tools }: HistogramProps) {
  const seconds = bucketSeconds(scope.range, bars)
  // The most frequent values have a layer each; which these are is asked first.
  const top = useSql(by === 'severity' ? null : facetQuery(scope, by, namedMost).text, { keepPrevious: false })
  const named = useMemo(() => (by === 'severity' || !top.data ? [] : column(top.data, 'value').map(String)), [by, top.data])
  const query = histogramQuery(scope, seconds, by, named)
  const loaded = useSql(by === 'severity' || top.data ? query.text : null)
  const times = useMemo(() => bucketStarts(scope.range, seconds), [scope.range, seconds])
  const { series, total, variables } = useMemo(
    () => bandsOf(loaded.data ? toObjects(loaded.data) : [], times, { by, named, empty: '∅', rest: t('logs.chart.rest') }),
    [loaded.data, times, by, named],
  )
  const markers = useMemo(() => (seen ? [seen] : []), [seen?.time])
  return (
    <section class="panel histogram" aria-label={t('logs.histogram')}>
      <div class="log-head">
        <span class="num">{t('logs.count', { n: total })}</span>
        {by !== 'severity' && (
          <span class="chip">
            <span class="cut">{t('logs.chart.by', { field: by })}</span>
            {onUngroup && (
              <button onClick={onUngroup} aria-label={t('logs.chart.ungroup')} title={t('logs.chart.ungroup')}>
                <Icon name="close" size={12} />
              </button>
            )}
          </span>
        )}
        <ul class="legend hide-phone">
          {series.map(({ label, values }) => (
            <li key={label} class={by === 'severity' ? `sev sev-${label}` : ''} style={variables[label] ? { '--c': variables[label] } : {}}>
              <i />
              <span class="cut">{label}</span> <span class="num quiet">{compact(values.reduce<number>((sum, value) => sum + (value ?? 0), 0))}</span>
            </li>
          ))}
        </ul>
        <span class="push" />
        {tools}
        <ShowQuery query={query} />
      </div>
      <Gate of={top.fault ? top : loaded} height={height}>
        {() => (total === 0 ? <p class="quiet histogram-empty">{t('logs.noneInRange')}</p> : (
          <TimeChart title={t('logs.histogram')} times={times} series={series} kind="bars" height={height} markers={markers} {...(onPick ? { onPick } : {})} />
        ))}
      </Gate>
    </section>
  )
}
