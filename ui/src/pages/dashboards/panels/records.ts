// Log records of a table, by the names that their columns usually have.
import type { Cell, Table } from './data'

export interface LogRecord {
  time: number | null // milliseconds
  severity: { text: string; band: string }
  service: string
  body: string
  traceId: string
}

const bands = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE']
const words: Record<string, string> = { CRITICAL: 'FATAL', ERR: 'ERROR', WARNING: 'WARN', NOTICE: 'INFO' }

export function bandOf(text: string): string {
  const upper = text.toUpperCase()
  return words[upper] ?? bands.find((band) => upper.startsWith(band)) ?? ''
}

export function recordsOf(tables: readonly Table[]): LogRecord[] {
  const all = tables.flatMap(({ columns, rows }) => {
    const find = (names: readonly string[], kind?: string): number => {
      const named = columns.findIndex(({ name }) => names.includes(name.toLowerCase()))
      return named >= 0 || !kind ? named : columns.findIndex((column) => column.kind === kind)
    }
    const at = { time: find(['time'], 'time'), severity: find(['severity_text', 'severity', 'level']), service: find(['service_name', 'service']), body: find(['body', 'message', 'line']), trace: find(['trace_id']) }
    const read = (row: Cell[], place: number): string => (place < 0 || row[place] === null || row[place] === undefined ? '' : String(row[place]))
    return rows.map((row): LogRecord => {
      const severity = read(row, at.severity)
      const time = row[at.time]
      const body = at.body < 0 ? columns.map(({ name }, place) => `${name}=${read(row, place)}`).join(' ') : read(row, at.body)
      return { time: typeof time === 'number' ? time : null, severity: { text: severity, band: bandOf(severity) }, service: read(row, at.service), body: body.slice(0, 2000), traceId: read(row, at.trace) }
    })
  })
  return tables.length > 1 ? all.sort((left, right) => (right.time ?? 0) - (left.time ?? 0)) : all
}
