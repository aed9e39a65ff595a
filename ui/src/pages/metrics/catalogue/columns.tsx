import { Link } from 'wouter-preact'
import type { Column } from '../../../components/SortTable'
import { t } from '../../../i18n/translate'
import { metricLink } from '../../../promql/ShowPromql'
import type { Filter } from '../../../sql/filter'
import { count } from '../../../time/format'
import type { Range } from '../../../time/range'
import { TypeTag } from '../TypeTag'
import { MiniChart } from './MiniChart'
import type { Family } from './families'

export function catalogueColumns(range: Range, filters: readonly Filter[]): Column<Family>[] {
  return [
    { id: 'name', label: t('metrics.name'), track: 'minmax(260px, 2.2fr)', phone: 'minmax(0, 1fr)', by: ({ name }) => name, cell: ({ name, help }) => <Link class="metric-name mono" href={metricLink(name)} title={help ? `${name}\n${help}` : name}>{name}</Link> },
    { id: 'help', wide: true, label: t('metrics.help'), track: 'minmax(160px, 2fr)', by: ({ help }) => help || null, cell: ({ help }) => <span class="quiet" title={help}>{help || '–'}</span> },
    { id: 'type', label: t('metrics.type'), track: '100px', by: ({ type }) => type, cell: ({ kind }) => <TypeTag kind={kind} /> },
    { id: 'unit', label: t('metrics.unit'), track: 'minmax(60px, 0.6fr)', by: ({ unit }) => unit || null, cell: ({ unit }) => <span class="mono quiet">{unit || '–'}</span> },
    { id: 'series', label: t('metrics.series'), hint: t('metrics.series.hint'), track: '84px', right: true, by: ({ series }) => series, cell: ({ series }) => (series === null ? <span class="quiet" title={t('metrics.series.unknown')}>–</span> : count(series)) },
    { id: 'chart', label: t('metrics.chart'), hint: t('metrics.chart.hint'), track: '216px', phone: '142px', cell: (family) => <MiniChart family={family} range={range} filters={filters} /> },
  ]
}
