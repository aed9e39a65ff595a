// A virtual table whose columns sort; the order lives in the URL as `-p95` or `name`.
import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/translate'
import { useKeys } from '../shell/keys'
import { useParam } from '../url/state'
import { Icon } from './Icon'
import { compareBy, readOrder, writeOrder, type Order } from './sortOrder'
import { useVirtual } from './virtual'
import './sortTable.css'

export interface Column<Row> {
  id: string
  label: string
  hint?: string
  track: string // its width, as a grid track
  phone?: string // its width where there is little room; without one it is left out there
  wide?: boolean // shown only where there is much room
  right?: boolean
  by?: (row: Row) => string | number | null
  cell: (row: Row) => ComponentChildren
}

interface SortTableProps<Row> {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string
  order: Order
  onOrder: (order: Order) => void
  onOpen?: (row: Row) => void
  keys?: boolean // takes j, k and Enter; one table of a page does
  rowClass?: (row: Row) => string
}

const rowHeight = 38

export function useOrder(parameter: string, fallback: string): [Order, (order: Order) => void] {
  const [written, write] = useParam(parameter, fallback)
  const order = useMemo(() => readOrder(written), [written])
  return [order, (next) => write(writeOrder(next), { replace: true })]
}

export function SortTable<Row>(props: SortTableProps<Row>) {
  const { label, rows, columns, keyOf, order, onOrder, onOpen, keys = false, rowClass } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(-1)
  const sorted = useMemo(() => compareBy(rows, columns.find(({ id }) => id === order.id)?.by, order.descending), [rows, columns, order])
  const virtual = useVirtual({ count: sorted.length, scroller, estimate: rowHeight, overscan: 10 })
  const move = (step: number) => () => {
    const next = Math.max(0, Math.min(sorted.length - 1, at + step))
    setAt(next)
    virtual.scrollToIndex(next)
    // The sticky head covers a row's height that the virtual list does not know of.
    requestAnimationFrame(() => scroller.current?.querySelector('.sort-row.at')?.scrollIntoView({ block: 'nearest' }))
  }
  const open = () => {
    const row = sorted[at]
    if (row && onOpen) onOpen(row)
  }
  useKeys(keys ? { j: move(1), k: move(-1), Enter: open } : {})
  const tracks = columns.map(({ track }) => track).join(' ')
  const narrowTracks = columns.flatMap(({ track, wide }) => (wide ? [] : track)).join(' ')
  const phoneTracks = columns.flatMap(({ phone }) => phone ?? []).join(' ')
  return (
    <div class="sort-table num" ref={scroller} tabIndex={0} role="table" aria-label={label} aria-rowcount={sorted.length + 1} style={{ '--tracks': tracks, '--narrow-tracks': narrowTracks, '--phone-tracks': phoneTracks }}>
      <div class="sort-row head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <Heading key={column.id} column={column} order={order} onOrder={onOrder} />
        ))}
      </div>
      <div style={{ height: `${virtual.getTotalSize()}px` }} class="sort-rows" role="rowgroup">
        {virtual.getVirtualItems().map((item) => {
          const row = sorted[item.index]
          if (!row) return null
          const onClick = (event: MouseEvent) => {
            if (onOpen && !(event.target as HTMLElement).closest('a, button') && !getSelection()?.toString()) onOpen(row)
          }
          return (
            <div
              key={keyOf(row)} role="row" aria-rowindex={item.index + 2} onClick={onClick}
              class={`sort-row ${item.index === at ? 'at' : ''} ${onOpen ? 'opens' : ''} ${rowClass?.(row) ?? ''}`}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {columns.map((column) => (
                <span key={column.id} role="cell" class={place(column)}>
                  {column.cell(row)}
                </span>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
}

const place = ({ right, phone, wide }: { right?: boolean; phone?: string; wide?: boolean }): string => `${right ? 'right' : ''} ${phone ? '' : 'roomy'} ${wide ? 'wide' : ''}`

function Heading<Row>({ column, order, onOrder }: { column: Column<Row>; order: Order; onOrder: (order: Order) => void }) {
  const { id, label, hint, by } = column
  const chosen = order.id === id
  if (!by) {
    return (
      <span role="columnheader" class={place(column)} title={hint}>
        {label}
      </span>
    )
  }
  // Names start at A, numbers at the largest.
  const choose = () => onOrder({ id, descending: chosen ? !order.descending : column.right === true })
  return (
    <span role="columnheader" class={place(column)} aria-sort={chosen ? (order.descending ? 'descending' : 'ascending') : 'none'}>
      <button onClick={choose} title={hint ?? t('table.sortBy', { column: label })}>
        {label}
        {chosen && <Icon name={order.descending ? 'down' : 'up'} size={11} />}
      </button>
    </span>
  )
}
