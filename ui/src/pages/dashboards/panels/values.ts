// The single values of stat, gauge and bar gauge.
import type { Panel } from '../model/document'
import type { Cell, PanelData } from './data'
import { reduceValues } from './reduce'
import { lookFor, showValue, type Look, type ShownValue } from './shown'
import { transformed } from './transform'

export interface Reading extends ShownValue {
  key: string
  label: string
  value: number | null
  look: Look
  values: readonly (number | null)[] // over time, for the small chart
}

const readingsMost = 200

export function readings(panel: Panel, data: Pick<PanelData, 'lines' | 'tables'>): Reading[] {
  const steps = panel.transforms ?? []
  if (steps.length > 0 && data.tables.length > 0 && panel.rows) return ofTables(panel, data, steps)
  return data.lines.slice(0, readingsMost).flatMap((line) => {
    const look = lookFor(panel, { name: line.label, ref: line.ref })
    if (look.hidden) return []
    const value = reduceValues(line.values, panel.reduce ?? 'last')
    return [{ key: line.id, label: look.name ?? line.label, value, look, values: line.values, ...coloured(value, look) }]
  })
}

function ofTables(panel: Panel, data: Pick<PanelData, 'lines' | 'tables'>, steps: NonNullable<Panel['transforms']>): Reading[] {
  return transformed(data.tables, data.lines, steps).flatMap((table, index) =>
    table.rows.slice(0, readingsMost).flatMap((row, at) =>
      table.columns.flatMap((column, place): Reading[] => {
        if (column.kind !== 'number') return []
        const name = row.filter((_, other) => table.columns[other]?.kind === 'text').join(' · ')
        const look = lookFor(panel, { name: column.name, ref: column.ref })
        const value = numeric(row[place])
        return look.hidden ? [] : [{ key: `${index} ${at} ${place}`, label: name || (look.name ?? column.name), value, look, values: [value], ...coloured(value, look) }]
      }),
    ),
  )
}

const numeric = (cell: Cell | undefined): number | null => (typeof cell === 'number' ? cell : null)

function coloured(value: number | null, look: Look): ShownValue {
  const shown = showValue(value, look)
  return look.colour ? { ...shown, colour: look.colour } : shown
}

// Where a value lies between the ends of a gauge, from 0 to 1.
export function share(value: number | null, { min, max }: { min: number; max: number }): number {
  if (value === null || Number.isNaN(value)) return 0
  return Math.min(1, Math.max(0, (value - min) / (max - min || 1)))
}

// The ends that the panel says; else zero and the largest value there is, or 100 for percentages.
export function endsOf(panel: Pick<Panel, 'min' | 'max' | 'unit'>, values: readonly (number | null)[]): { min: number; max: number } {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value))
  const usual = panel.unit === 'percent' ? 100 : panel.unit === 'percentunit' ? 1 : Math.max(0, ...known)
  const min = panel.min ?? Math.min(0, ...known)
  return { min, max: panel.max ?? (usual > min ? usual : min + 1) }
}

// How many beside each other leave each the most room, for things so many times wider than high.
export function bestAcross(count: number, width: number, height: number, shape: number): number {
  let best = { across: 1, size: 0 }
  for (let across = 1; across <= Math.max(1, count); across += 1) {
    const size = Math.min(width / across / shape, height / Math.ceil(count / across))
    if (size > best.size) best = { across, size }
  }
  return best.across
}
