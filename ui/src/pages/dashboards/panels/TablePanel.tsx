import { useMemo, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { SortTable, type Column as SortColumn } from '../../../components/SortTable'
import type { Order } from '../../../components/sortOrder'
import { Value } from '../../../components/Value'
import { t } from '../../../i18n/translate'
import { fullTime } from '../../../time/format'
import { linkTo } from '../../../url/state'
import type { Panel } from '../model/document'
import type { BodyProps } from './ChartPanel'
import type { Cell, Column, Table } from './data'
import { Nothing } from './Nothing'
import { lookFor, showValue, type Look } from './shown'
import { transformed } from './transform'

export function TablePanel({ panel, data, title }: BodyProps) {
  const tables = useMemo(() => transformed(data.tables, data.lines, panel.transforms ?? []), [data, panel.transforms])
  const [chosen, choose] = useState(0)
  const table = tables[Math.min(chosen, tables.length - 1)]
  if (!table || table.rows.length === 0) return <Nothing />
  return (
    <div class="dash-table">
      <Rows table={table} panel={panel} title={title} />
      {tables.length > 1 && (
        <select class="field small" aria-label={t('dash.table.which')} value={chosen} onChange={(event) => choose(Number(event.currentTarget.value))}>
          {tables.map((one, at) => <option key={at} value={at}>{one.columns.at(-1)?.ref ?? at + 1}</option>)}
        </select>
      )}
    </div>
  )
}

interface Row {
  key: string
  cells: Cell[]
}

function Rows({ table, panel, title }: { table: Table; panel: Panel; title: string }) {
  const [order, setOrder] = useState<Order>({ id: '', descending: false })
  const rows = useMemo(() => table.rows.map((cells, at): Row => ({ key: String(at), cells })), [table])
  const columns = useMemo(() => table.columns.flatMap((column, at) => columnOf(column, at, table, panel)), [table, panel])
  return <SortTable label={title || t('sql.result')} rows={rows} columns={columns} keyOf={({ key }) => key} order={order} onOrder={setOrder} />
}

function columnOf(column: Column, at: number, table: Table, panel: Panel): SortColumn<Row>[] {
  const look = lookFor(panel, column)
  if (look.hidden) return []
  const right = column.kind === 'number'
  const longest = table.rows.slice(0, 40).reduce((most, row) => Math.max(most, written(row[at] ?? null, column, look).text.length), (look.name ?? column.name).length + 2)
  const least = Math.round(Math.min(320, Math.max(64, longest * 6.7 + 18)))
  const track = look.width ? `${look.width}px` : `minmax(${least}px, ${right ? 'auto' : `${Math.min(120, Math.max(8, longest))}fr`})`
  return [{ id: `${at}`, label: look.name ?? column.name, track, phone: track, right, by: ({ cells }) => sortable(cells[at] ?? null), cell: ({ cells }) => <CellView column={column} cell={cells[at] ?? null} look={look} panel={panel} /> }]
}

const sortable = (cell: Cell): string | number | null => (typeof cell === 'boolean' ? String(cell) : cell)

const written = (cell: Cell, { kind }: Column, look: Look): { text: string; colour?: string } =>
  kind === 'time' && typeof cell === 'number' ? { text: fullTime(cell) } : showValue(cell, look)

function CellView({ column, cell, look, panel }: { column: Column; cell: Cell; look: Look; panel: Panel }) {
  const { text, colour } = written(cell, column, look)
  if (/^trace_?id$/i.test(column.name) && typeof cell === 'string' && /^[0-9a-f]{32}$/.test(cell)) return <Link class="mono cut" href={linkTo(`/trace/${cell}`)}>{cell.slice(0, 12)}…</Link>
  if (column.kind !== 'text' || cell === null || cell === '') return <span class="cut">{colour && panel.colour !== 'none' && (panel.thresholds?.length ?? 0) > 1 && <i class="dash-dot" style={{ background: colour }} />}{text}</span>
  return <Value field={column.name} value={String(cell)} class="cut">{text}</Value>
}
