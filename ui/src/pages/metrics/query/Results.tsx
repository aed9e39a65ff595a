// What the queries yield: a graph of all of them, or a table of each.
import { useMemo } from 'preact/hooks'
import { useLocation } from 'wouter-preact'
import type { Loaded } from '../../../api/query'
import { Skeleton } from '../../../components/Notice'
import { SortTable, useOrder, type Column } from '../../../components/SortTable'
import { t } from '../../../i18n/translate'
import type { Answer, QueryData, RangeData, Steps } from '../../../promql/answer'
import { marksOf, type ExemplarMark } from '../../../promql/exemplars'
import { Graph } from '../../../promql/Graph'
import { frameOf, isObscure, rowsOf, writeLabels, type Keep, type TableRow } from '../../../promql/series'
import { format } from '../../../promql/units'
import { traceLink } from '../metric/Charts'
import { useExemplars } from '../../../promql/usePromql'
import type { Written } from './queries'

export interface Look {
  unit: string
  most: number
  keep: Keep
  stacked: boolean
  log: boolean
  exemplars: boolean
}

interface GraphResultProps {
  queries: readonly Written[]
  answers: readonly Loaded<Answer<RangeData>>[]
  steps: Steps
  look: Look
}

export function GraphResult({ queries, answers, steps, look }: GraphResultProps) {
  const [, navigate] = useLocation()
  const data = answers.map((answer, index) => (queries[index]?.off || answer.fault ? undefined : answer.data))
  const several = queries.filter(({ off, text }) => !off && text.trim() !== '').length > 1
  const frame = useMemo(() => {
    const frames = queries.flatMap(({ ref, text, legend }, index) => {
      const answer = data[index]
      if (!answer) return []
      const found = frameOf(answer.data.result, steps, { name: text, ...(legend ? { legend } : {}), most: look.most, keep: look.keep, prefix: `${ref} ` })
      return [several ? { ...found, series: found.series.map((one) => ({ ...one, label: `${ref}: ${one.label}` })) } : found]
    })
    return { times: frames[0]?.times ?? [], series: frames.flatMap(({ series }) => series), total: frames.reduce((sum, { total }) => sum + total, 0) }
  }, [queries, steps, look, several, ...data])
  const first = queries.find(({ off, text }) => !off && text.trim() !== '')
  const found = useExemplars(look.exemplars ? (first?.text ?? null) : null, steps)
  const marks = useMemo(() => (look.exemplars ? marksOf(found.data?.data ?? []) : []), [found.data, look.exemplars])
  const open = (mark: ExemplarMark) => mark.traceId && navigate(traceLink(mark))
  if (data.every((answer) => !answer) && answers.some(({ loading }) => loading)) return <Skeleton height={340} />
  return (
    <Graph
      title={t('metrics.result')} times={frame.times} series={frame.series} total={frame.total} unit={look.unit} height={340}
      stacked={look.stacked} log={look.log} legend={frame.series.length > 1 ? 'table' : 'list'} group="query" exemplars={marks} onExemplar={open}
    />
  )
}

const labelsMost = 8

export function TableResult({ answer, unit, label, keys }: { answer: Answer<QueryData>; unit: string; label: string; keys: boolean }) {
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
