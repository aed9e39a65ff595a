import { useMemo, useRef } from 'preact/hooks'
import { Icon } from '../../../components/Icon'
import { ServiceName } from '../../../components/Service'
import { Segmented } from '../../../components/Tabs'
import { Value } from '../../../components/Value'
import { useVirtual } from '../../../components/virtual'
import { t, type MessageKey } from '../../../i18n/translate'
import { useKeys } from '../../../shell/keys'
import { count, duration, percent } from '../../../time/format'
import { useParam } from '../../../url/state'
import type { ViewProps } from '../LazyView'
import { isError, kindOf, nameOf, serviceOf } from '../tree'
import { OperationTable } from './OperationTable'
import { columnIds, parseOrder, sortedRows, wantedRow, writeOrder, type ColumnId, type Order } from './sorting'
import './list.css'

export default function ListView(props: ViewProps) {
  const [by, setBy] = useParam('by', 'span')
  return (
    <section class="panel span-list">
      <header>
        <h2>{t(by === 'operation' ? 'trace.list.operations' : 'trace.view.list')}</h2>
        <div class="tools">
          <Segmented
            label={t('trace.list.by')} selected={by} onSelect={setBy}
            items={[{ id: 'span', label: t('trace.list.spans') }, { id: 'operation', label: t('trace.list.operations') }]}
          />
        </div>
      </header>
      {by === 'operation' ? <OperationTable {...props} /> : <SpanTable {...props} />}
    </section>
  )
}

const titles: Record<ColumnId, MessageKey> = {
  start: 'trace.start', duration: 'trace.duration', self: 'trace.list.self', service: 'trace.list.service', name: 'trace.list.name', kind: 'trace.list.kind', depth: 'trace.depth',
}
const shownColumns: readonly ColumnId[] = ['service', 'name', 'kind', 'depth', 'start', 'duration', 'self']

function SpanTable({ trace, view, selected, onSelect }: ViewProps) {
  const { tree, self } = trace
  const scroller = useRef<HTMLDivElement>(null)
  const [written, setWritten] = useParam('sort', '-self')
  const order = parseOrder(written, columnIds, { by: 'self', descending: true })
  const rows = useMemo(
    () => sortedRows(trace, wantedRow(trace, view), order),
    [trace, view.muted, view.errorsOnly, view.matches, written],
  )
  const virtual = useVirtual({ count: rows.length, scroller, estimate: 30, overscan: 6 })
  const move = (step: number) => () => {
    const at = Math.max(0, Math.min(rows.length - 1, rows.indexOf(selected) + step))
    if (rows[at] === undefined) return
    onSelect(rows[at] as number)
    virtual.scrollToIndex(at)
  }
  useKeys({ j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1) })
  if (rows.length === 0) return <p class="notice">{t('trace.list.empty')}</p>
  return (
    <div class="span-table" role="table" aria-label={t('trace.view.list')} aria-rowcount={rows.length + 1}>
      <div class="span-line head" role="row">
        {shownColumns.map((id) => <SortHead key={id} id={id} order={order} onOrder={(next) => setWritten(writeOrder(next))} />)}
      </div>
      <div class="span-scroll" ref={scroller} tabIndex={0} role="rowgroup">
        <div style={{ height: `${virtual.getTotalSize()}px` }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index] as number
            return (
              <div
                key={row} role="row" aria-rowindex={item.index + 2} aria-selected={row === selected} class={`span-line ${row === selected ? 'selected' : ''}`}
                style={{ transform: `translateY(${item.start}px)` }} onClick={() => onSelect(row)}
              >
                <span role="cell"><ServiceName name={serviceOf(tree, row)} tabIndex={-1} /></span>
                <span role="cell" class="row">
                  {isError(tree, row) && <span class="error-text"><Icon name="error" size={13} label={t('trace.error')} /></span>}
                  <Value field="name" value={nameOf(tree, row)} class="cut" tabIndex={-1} />
                </span>
                <span role="cell" class="quiet">{kindOf(tree, row)}</span>
                <span role="cell" class="num right">{count((tree.depth[row] as number) + 1)}</span>
                <span role="cell" class="num right">+{duration(tree.start[row] as number)}</span>
                <span role="cell" class="num right">{duration(tree.duration[row] as number)}</span>
                <span role="cell" class="num right self" style={{ '--share': `${((self[row] as number) / tree.extent) * 100}%` }} title={percent((self[row] as number) / tree.extent)}>
                  {duration(self[row] as number)}
                </span>
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

const texts: readonly ColumnId[] = ['service', 'name', 'kind', 'start']

function SortHead({ id, order, onOrder }: { id: ColumnId; order: Order; onOrder: (order: Order) => void }) {
  const active = order.by === id
  const next = { by: id, descending: active ? !order.descending : !texts.includes(id) }
  const state = active ? (order.descending ? 'descending' : 'ascending') : 'none'
  return (
    <span role="columnheader" aria-sort={state} class={['depth', 'start', 'duration', 'self'].includes(id) ? 'right' : ''}>
      <button onClick={() => onOrder(next)}>
        {t(titles[id])} {active && <Icon name={order.descending ? 'down' : 'up'} size={11} />}
      </button>
    </span>
  )
}
