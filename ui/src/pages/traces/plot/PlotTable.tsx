// The plot's twin for those who read rather than look: the same cells or spans as rows.
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { ServiceName } from '../../../components/Service'
import { SortTable, type Column } from '../../../components/SortTable'
import type { Order } from '../../../components/sortOrder'
import { t } from '../../../i18n/translate'
import { count, duration, stamp } from '../../../time/format'
import type { Range } from '../../../time/range'
import { linkTo } from '../../../url/state'
import type { Cell, Dot } from './cells'

interface PlotTableProps {
  cells: readonly Cell[]
  dots: readonly Dot[] | null
  range: Range
  onOpen: (what: Cell | Dot) => void
}

export function PlotTable({ cells, dots, range, onOpen }: PlotTableProps) {
  const [order, setOrder] = useState<Order>({ id: 'at', descending: true })
  const time = (at: number) => stamp(range.from + BigInt(Math.round(at)))
  return (
    <div class="plot-table">
      {dots ? (
        <SortTable label={t('traces.plot.table')} rows={dots} columns={dotColumns(time)} keyOf={({ trace, span }) => `${trace} ${span}`} order={order} onOrder={setOrder} onOpen={onOpen} />
      ) : (
        <SortTable label={t('traces.plot.table')} rows={cells} columns={cellColumns(time, onOpen)} keyOf={({ at, low }) => `${at} ${low}`} order={order} onOrder={setOrder} />
      )}
    </div>
  )
}

function cellColumns(time: (at: number) => string, onOpen: (cell: Cell) => void): Column<Cell>[] {
  return [
    { id: 'at', label: t('traces.started'), track: 'minmax(110px, 1fr)', phone: '108px', by: ({ at }) => at, cell: ({ at }) => time(at) },
    { id: 'low', label: t('trace.duration'), track: 'minmax(140px, 1fr)', phone: 'minmax(0, 1fr)', by: ({ low }) => low, cell: ({ low, high }) => `${duration(low)} – ${duration(high)}` },
    { id: 'count', label: t('traces.plot.count'), track: '90px', phone: '60px', right: true, by: (cell) => cell.count, cell: (cell) => count(cell.count) },
    { id: 'errors', label: t('trace.errorCount'), track: '90px', phone: '48px', right: true, by: ({ errors }) => errors, cell: ({ errors }) => (errors > 0 ? <span class="error-text">{count(errors)}</span> : '0') },
    { id: 'slowest', label: t('traces.plot.slowest'), track: '130px', phone: '76px', right: true, cell: (cell) => <button class="button small plain" onClick={() => onOpen(cell)}>{t('traces.plot.open')}</button> },
  ]
}

function dotColumns(time: (at: number) => string): Column<Dot>[] {
  return [
    { id: 'at', label: t('traces.started'), track: '130px', phone: '108px', by: ({ at }) => at, cell: ({ at }) => time(at) },
    { id: 'service', label: t('trace.services'), track: 'minmax(90px, 0.6fr)', by: ({ service }) => service, cell: ({ service }) => service && <ServiceName name={service} /> },
    { id: 'name', label: t('trace.span'), track: 'minmax(140px, 1.4fr)', phone: 'minmax(0, 1fr)', by: ({ name }) => name, cell: ({ trace, span, name }) => <Link class="trace-name" href={linkTo(`/trace/${trace}`, { span })}>{name || span}</Link> },
    { id: 'duration', label: t('trace.duration'), track: '100px', phone: '70px', right: true, by: (dot) => dot.duration, cell: (dot) => duration(dot.duration) },
    { id: 'errors', label: t('trace.error'), track: '70px', right: true, by: ({ failed }) => Number(failed), cell: ({ failed }) => (failed ? <span class="tag error">{t('trace.error')}</span> : '') },
  ]
}
