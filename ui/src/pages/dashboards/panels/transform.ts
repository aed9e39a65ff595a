// What is done to tables before they are shown, in the order of the list.
import type { Transform } from '../model/document'
import type { Cell, Column, Line, Table } from './data'
import { reducerTitles, reduceValues } from './reduce'

export function transformed(tables: readonly Table[], lines: readonly Line[], steps: readonly Transform[]): Table[] {
  return steps.reduce<Table[]>((all, step) => {
    switch (step.kind) {
      case 'merge':
        return all.length > 1 ? [merged(all)] : all
      case 'reduce':
        return [reducedTable(lines, step.reducers)]
      case 'organize':
        return all.map((table) => organized(table, step))
      case 'sort':
        return all.map((table) => sorted(table, step.field, step.descending))
      case 'limit':
        return all.map((table) => ({ ...table, rows: table.rows.slice(0, step.rows) }))
      case 'keep':
        return all.map((table) => kept(table, step.names, step.pattern))
    }
  }, [...tables])
}

const pick = (table: Table, order: readonly number[], columns: Column[]): Table => ({ columns, rows: table.rows.map((row) => order.map((at) => row[at] ?? null)) })

function organized(table: Table, { hide, order, rename }: Extract<Transform, { kind: 'organize' }>): Table {
  const rank = new Map(order.map((name, at) => [name, at]))
  const shown = table.columns
    .map((column, at) => ({ column, at }))
    .filter(({ column }) => !hide.includes(column.name))
    .sort((left, right) => (rank.get(left.column.name) ?? order.length + left.at) - (rank.get(right.column.name) ?? order.length + right.at))
  return pick(table, shown.map(({ at }) => at), shown.map(({ column }) => ({ ...column, name: rename[column.name] ?? column.name })))
}

function kept(table: Table, names: readonly string[], pattern: string): Table {
  const expression = pattern === '' ? null : safely(pattern)
  const shown = table.columns.map((column, at) => ({ column, at })).filter(({ column }) => names.includes(column.name) || expression?.test(column.name) === true)
  return pick(table, shown.map(({ at }) => at), shown.map(({ column }) => column))
}

export function safely(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern)
  } catch {
    return null
  }
}

export function compareCells(left: Cell, right: Cell): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? -1 : 1
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return String(left).localeCompare(String(right), 'en', { numeric: true })
}

function sorted(table: Table, field: string, descending: boolean): Table {
  const at = table.columns.findIndex(({ name }) => name === field)
  if (at < 0) return table
  const sign = descending ? -1 : 1
  return { ...table, rows: [...table.rows].sort((left, right) => sign * compareCells(left[at] ?? null, right[at] ?? null)) }
}

function reducedTable(lines: readonly Line[], reducers: Extract<Transform, { kind: 'reduce' }>['reducers']): Table {
  const columns: Column[] = [{ name: 'Field', kind: 'text' }, ...reducers.map((reducer): Column => ({ name: reducerTitles[reducer], kind: 'number' }))]
  return { columns, rows: lines.map(({ label, values }) => [label, ...reducers.map((reducer) => reduceValues(values, reducer))]) }
}

// Rows that agree in all columns that the tables have in common become one row.
function merged(tables: readonly Table[]): Table {
  const columns: Column[] = []
  for (const column of tables.flatMap((table) => table.columns)) if (!columns.some(({ name }) => name === column.name)) columns.push(column)
  const common = columns.filter(({ name }) => tables.every((table) => table.columns.some((column) => column.name === name))).map(({ name }) => name)
  const rows: Cell[][] = []
  const byKey = new Map<string, Cell[][]>()
  for (const table of tables) {
    const places = columns.map(({ name }) => table.columns.findIndex((column) => column.name === name))
    for (const row of table.rows) {
      const whole = places.map((at) => (at < 0 ? null : (row[at] ?? null)))
      const key = JSON.stringify(common.map((name) => row[table.columns.findIndex((column) => column.name === name)]))
      const alike = byKey.get(key) ?? []
      const free = alike.find((other) => whole.every((cell, at) => cell === null || other[at] === null || other[at] === cell))
      if (free) whole.forEach((cell, at) => (free[at] ??= cell))
      else {
        alike.push(whole)
        rows.push(whole)
      }
      byKey.set(key, alike)
    }
  }
  return { columns: ordered(columns), rows: rows.map((row) => ordered(columns).map((column) => row[columns.indexOf(column)] ?? null)) }
}

// Names first, values last, as they came.
const ordered = (columns: readonly Column[]): Column[] => [...columns.filter(({ kind }) => kind !== 'number'), ...columns.filter(({ kind }) => kind === 'number')]
