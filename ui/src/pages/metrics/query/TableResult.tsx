// What a query yields at one time, as a table that sorts.
import { useMemo } from 'preact/hooks'
import { SortTable, useOrder, type Column } from '../../../components/SortTable'
import { t } from '../../../i18n/translate'
import type { Answer, QueryData } from '../../../promql/answer'
import { isObscure, rowsOf, writeLabels, type TableRow } from '../../../promql/series'
import { format } from '../../../promql/units'

const labelsMost = 8

export default function TableResult({ answer, unit, label, keys }: { answer: Answer<QueryData>; unit: string; label: string; keys: boolean }) {
  const [order, setOrder] = useOrder('sort', '-value')
  const rows = useMemo(() => rowsOf(answer.data).map((row) => ({ ...row, id: writeLabels(row.labels) })), [answer])
  const columns = useMemo(() => columnsOf(rows, unit), [rows, unit])
  if (rows.length === 0) return <p class="notice">{t('metrics.result.none')}</p>
  return <SortTable label={label} keys={keys} rows={rows} columns={columns} keyOf={({ id }) => id} order={order} onOrder={setOrder} />
}

type Row = TableRow & { id: string }

function columnsOf(rows: readonly Row[], unit: string): Column<Row>[] {
  const names = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))]
  // What tells rows apart comes first, and where there are many labels they stand in one column.
  const telling = names.filter((name) => new Set(rows.map(({ labels }) => labels[name] ?? '')).size > 1)
  const ordered = [...telling.filter((name) => !isObscure(name)), ...names.filter((name) => !telling.includes(name)), ...telling.filter(isObscure)]
  const shown = ordered.slice(0, labelsMost)
  const value: Column<Row> = { id: 'value', label: t('metrics.value'), track: 'minmax(110px, 0.8fr)', phone: '110px', right: true, by: (row) => row.value, cell: (row) => <span title={String(row.value ?? row.text ?? '')}>{row.text ?? format(row.value, unit)}</span> }
  const columns = shown.map((name, index): Column<Row> => ({
    id: `label-${name}`, label: name, track: 'minmax(80px, 1fr)', ...(index === 0 ? { phone: 'minmax(0, 1fr)' } : {}), wide: index > 4,
    by: ({ labels }) => labels[name] ?? null, cell: ({ labels, id }) => <span class="mono" title={`${labels[name] ?? ''}\n${id}`}>{labels[name] ?? '–'}</span>,
  }))
  const rest: Column<Row>[] = ordered.length > labelsMost ? [{ id: 'rest', wide: true, label: t('metrics.labels.more', { n: ordered.length - labelsMost }), track: 'minmax(80px, 1fr)', cell: ({ labels, id }) => <span class="mono quiet" title={id}>{ordered.slice(labelsMost).map((name) => labels[name] ?? '').join(' ')}</span> }] : []
  return columns.length === 0 ? [{ id: 'series', label: t('graph.legend'), track: 'minmax(0, 2fr)', phone: 'minmax(0, 1fr)', cell: () => <span class="quiet mono">{'{}'}</span> }, value] : [...columns, ...rest, value]
}
