// What a panel draws, whatever language was asked: lines over common times, and tables.
import { parseTime, toMilliseconds } from '../../../time/nanoseconds'
import { readValue } from '../../../api/anyValue'
import type { SqlAnswer, SqlValue } from '../../../api/types'
import type { SeriesAnswer, FoundTrace } from '../../../api/tempo'
import type { Fault } from '../../../api/types'
import type { Labels, MatrixSeries, QueryData, Steps } from '../../../promql/answer'
import { frameOf, legends, rowsOf, writeLabels, type GraphSeries } from '../../../promql/series'

export interface Line extends GraphSeries {
  ref: string
}

export type Cell = string | number | boolean | null
export interface Column {
  name: string
  kind: 'time' | 'number' | 'text'
  ref?: string
}

export interface Table {
  columns: Column[]
  rows: Cell[][]
}

export interface Lines {
  times: readonly number[] // seconds since 1970
  lines: Line[]
  total: number
}

export interface PanelData extends Lines {
  tables: Table[]
  matrix: MatrixSeries[]
  traces: FoundTrace[]
  warnings: string[]
  faults: { ref: string; fault: Fault }[]
  cut: boolean // of a table, not all rows came
}

export const rowsMost = 5000
export const linesMost = 60

interface Naming {
  ref: string
  legend?: string | undefined
}

export function linesOfMatrix(matrix: readonly MatrixSeries[], steps: Steps, { ref, legend }: Naming): Lines {
  const frame = frameOf(matrix, steps, { most: linesMost, prefix: ref, name: ref, ...(legend ? { legend } : {}) })
  return { times: frame.times, lines: frame.series.map((one) => ({ ...one, ref })), total: frame.total }
}

export function linesOfInstant(data: QueryData, time: number, { ref, legend }: Naming): Lines {
  const rows = rowsOf(data)
  const names = legends(rows.map(({ labels }) => labels), { name: ref, ...(legend ? { legend } : {}) })
  const lines = rows.slice(0, rowsMost).map(({ labels, value }, at): Line => ({ id: `${ref}${writeLabels(labels)}${at}`, ref, label: names[at] ?? '', labels, values: [value] }))
  return { times: [time], lines, total: rows.length }
}

// As Grafana names the columns of an instant answer: Time, a column per label, Value.
export function tableOfInstant(data: QueryData, time: number, ref: string, alone: boolean): Table {
  const rows = rowsOf(data)
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].filter((label) => label !== '__name__' || rows.length > 0).sort()
  const value = alone ? 'Value' : `Value #${ref}`
  const columns: Column[] = [{ name: 'Time', kind: 'time', ref }, ...labels.map((name): Column => ({ name, kind: 'text', ref })), { name: value, kind: 'number', ref }]
  return { columns, rows: rows.slice(0, rowsMost).map((row) => [time * 1000, ...labels.map((label) => row.labels[label] ?? ''), row.value ?? row.text]) }
}

// A row per point, newest first.
export function tableOfLines({ times, lines }: Lines, ref: string, alone: boolean): Table {
  const labels = [...new Set(lines.flatMap((line) => Object.keys(line.labels)))].sort()
  const columns: Column[] = [{ name: 'Time', kind: 'time', ref }, ...labels.map((name): Column => ({ name, kind: 'text', ref })), { name: alone ? 'Value' : `Value #${ref}`, kind: 'number', ref }]
  const rows: Cell[][] = []
  for (let at = times.length - 1; at >= 0 && rows.length < rowsMost; at -= 1) {
    for (const { labels: own, values } of lines) {
      const value = values[at]
      if (value !== null && value !== undefined) rows.push([(times[at] ?? 0) * 1000, ...labels.map((label) => own[label] ?? ''), value])
    }
  }
  return { columns, rows }
}

const isTime = (type: string): boolean => /^timestamp/i.test(type)
const isNumber = (type: string): boolean => /^(U?Int|Float|Decimal)/i.test(type)
const asNumber = (value: SqlValue | undefined): number | null => (value === null || value === undefined || value === '' ? null : Number(value))

function cellOf(value: SqlValue | undefined, type: string): Cell {
  if (value === null || value === undefined) return null
  if (isTime(type) && typeof value === 'string') return toMilliseconds(parseTime(value))
  if (isNumber(type)) return Number(value)
  return typeof value === 'object' ? JSON.stringify(value) : value
}

export function tableOfSql({ columns, rows }: SqlAnswer, ref: string): Table {
  return {
    columns: columns.map(({ name, type }) => ({ name, ref, kind: isTime(type) ? 'time' : isNumber(type) ? 'number' : 'text' })),
    rows: rows.map((row) => columns.map(({ type }, at) => cellOf(row[at], type))),
  }
}

// With a time column, lines over time by the text columns; without one, each row is a value of its own.
export function linesOfSql(answer: SqlAnswer, { ref, legend }: Naming): Lines {
  const { columns } = answer
  const timeAt = columns.findIndex(({ type }) => isTime(type))
  const numeric = columns.flatMap(({ type }, at) => (isNumber(type) ? [at] : []))
  const texts = columns.flatMap(({ type }, at) => (!isNumber(type) && !isTime(type) ? [at] : []))
  const points = answer.rows.map((row) => ({ time: timeAt < 0 ? 0 : toMilliseconds(parseTime(String(row[timeAt]))) / 1000, row }))
  const times = timeAt < 0 ? [0] : [...new Set(points.map(({ time }) => time))].filter(Number.isFinite).sort((left, right) => left - right)
  const place = new Map(times.map((time, at) => [time, at]))
  const found = new Map<string, Line>()
  for (const { time, row } of points) {
    for (const at of numeric) {
      const labels = labelsOf(row, columns, texts)
      const label = nameOfSql(labels, columns[at]?.name ?? '', numeric.length > 1 || texts.length === 0, legend)
      const key = `${ref}${JSON.stringify(labels)}${at}`
      const line = found.get(key) ?? { id: key, ref, label, labels, values: new Array<number | null>(times.length).fill(null) }
      ;(line.values as (number | null)[])[place.get(time) ?? 0] = asNumber(row[at])
      found.set(key, line)
    }
  }
  const lines = [...found.values()]
  return { times, lines: lines.slice(0, timeAt < 0 ? rowsMost : linesMost), total: lines.length }
}

const labelsOf = (row: SqlValue[], columns: SqlAnswer['columns'], texts: readonly number[]): Labels =>
  Object.fromEntries(texts.map((at) => [columns[at]?.name ?? '', row[at] === null || row[at] === undefined ? '' : String(row[at])]))

function nameOfSql(labels: Labels, column: string, named: boolean, legend: string | undefined): string {
  if (legend) return legend.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, name: string) => labels[name] ?? (name === '__name__' ? column : ''))
  const shown = Object.values(labels).filter((value) => value !== '')
  return [...shown, ...(named ? [column] : [])].join(' · ') || column
}

export function linesOfTraceql(answer: SeriesAnswer, { ref, legend }: Naming): Lines {
  const all = answer.series.map(({ labels, samples = [], value }) => ({
    labels: Object.fromEntries(labels.map((one) => [one.key, readValue(one.value)])),
    samples: samples.length > 0 ? samples.map((sample) => ({ time: Number(sample.timestampMs) / 1000, value: sample.value })) : [{ time: 0, value: value ?? 0 }],
  }))
  const times = [...new Set(all.flatMap(({ samples }) => samples.map(({ time }) => time)))].sort((left, right) => left - right)
  const place = new Map(times.map((time, at) => [time, at]))
  const names = legends(all.map(({ labels }) => labels), { name: ref, ...(legend ? { legend } : {}) })
  const lines = all.slice(0, linesMost).map(({ labels, samples }, index): Line => {
    const values = new Array<number | null>(times.length).fill(null)
    for (const { time, value } of samples) values[place.get(time) ?? 0] = Number.isFinite(value) ? value : null
    return { id: `${ref}${JSON.stringify(labels)}`, ref, label: names[index] ?? '', labels, values }
  })
  return { times, lines, total: all.length }
}

// Answers of several queries on one axis: of the same times as they are, else on all times of any.
export function together(groups: readonly Lines[]): Lines {
  const total = groups.reduce((sum, group) => sum + group.total, 0)
  const [first] = groups
  if (!first) return { times: [], lines: [], total: 0 }
  const same = groups.every(({ times }) => times.length === first.times.length && times[0] === first.times[0] && times.at(-1) === first.times.at(-1))
  if (same) return { times: first.times, lines: groups.flatMap(({ lines }) => lines), total }
  const times = [...new Set(groups.flatMap((group) => group.times))].sort((left, right) => left - right)
  const place = new Map(times.map((time, at) => [time, at]))
  const lines = groups.flatMap((group) =>
    group.lines.map((line) => {
      const values = new Array<number | null>(times.length).fill(null)
      line.values.forEach((value, at) => (values[place.get(group.times[at] ?? 0) ?? 0] = value))
      return { ...line, values }
    }),
  )
  return { times, lines, total }
}

