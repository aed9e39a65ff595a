// The exemplars of the charts as a list: for keys and for ears, and the slowest first.
import { Link } from 'wouter-preact'
import { Panel } from '../../../components/Panel'
import { t } from '../../../i18n/translate'
import { labelsOf, type ExemplarMark } from '../../../promql/exemplars'
import { format } from '../../../promql/units'
import { fullTime } from '../../../time/format'
import { unitOf } from '../automatic'
import { traceLink } from '../traceLink'
import type { Described } from './MetricView'

const most = 12

export function ExemplarList({ metric, marks }: { metric: Described; marks: readonly ExemplarMark[] }) {
  const largest = [...marks].sort((left, right) => right.value - left.value).slice(0, most)
  return (
    <Panel title={t('metrics.exemplars')} note={t('metrics.exemplars.note', { n: largest.length, all: marks.length })} flush>
      <div class="exemplar-list" tabIndex={0} role="region" aria-label={t('metrics.exemplars')}>
        <table class="grid-table num">
          <thead>
            <tr>
              <th scope="col">{t('chart.time')}</th>
              <th scope="col" class="right">{t('metrics.value')}</th>
              <th scope="col">{t('nav.trace')}</th>
              <th scope="col">{t('metrics.labels')}</th>
            </tr>
          </thead>
          <tbody>
            {largest.map((mark) => (
              <tr key={`${mark.time} ${mark.value} ${mark.spanId}`}>
                <td>{fullTime(mark.time * 1000)}</td>
                <td class="right">{format(mark.value, unitOf(metric))}</td>
                <td>{mark.traceId ? <Link class="mono" href={traceLink(mark)}>{mark.traceId.slice(0, 12)}…</Link> : '–'}</td>
                <td class="quiet mono exemplar-labels">{labelsOf(mark).slice(0, 8).map(([name, value]) => `${name}=${value.slice(0, 40)}`).join(' ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
