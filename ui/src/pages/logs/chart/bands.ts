// Counts by time and value as the layers of a chart.
import type { Row } from '../../../api/client'
import { servicePaint, serviceVariable, type Paint } from '../../../components/palette'
import type { Series } from '../../../components/TimeChart'
import { severityBands } from '../../../sql/severity'

export const colourOfSeverity: Record<string, (colours: Paint) => string> = {
  FATAL: (colours) => colours.fatal,
  ERROR: (colours) => colours.error,
  WARN: (colours) => colours.warn,
  INFO: (colours) => colours.info,
  DEBUG: (colours) => colours.quiet,
  TRACE: (colours) => colours.faint,
  UNSET: (colours) => colours.lineStrong,
}

const order = [0, 1, 2, 3, 6, 5, 4, 8, 7, 9]

export interface Bands {
  series: Series[]
  total: number
  variables: Record<string, string> // the colour of each in CSS
}

export interface Naming {
  by: string
  named: readonly string[]
  empty: string // what stands for records without the field
  rest: string
}

// Stacked by severity, the worst at the foot so that a few errors stay visible; else the most frequent at the foot.
export function bandsOf(rows: readonly Row[], times: readonly number[], { by, named, empty, rest }: Naming): Bands {
  const place = new Map(times.map((time, index) => [time, index]))
  const layers = new Map<string, number[]>()
  let total = 0
  for (const row of rows) {
    const index = place.get(Number(row['second']))
    if (index === undefined) continue
    const value = row['value'] === null ? rest : String(row['value']) === '' ? empty : String(row['value'])
    const values = layers.get(value) ?? new Array<number>(times.length).fill(0)
    values[index] = (values[index] ?? 0) + Number(row['records'])
    total += Number(row['records'])
    layers.set(value, values)
  }
  const names = by === 'severity' ? severityBands.map(({ name }) => name) : [...named.map((name) => (name === '' ? empty : name)), rest]
  const variables: Record<string, string> = {}
  const series = names.flatMap((label, index): Series[] => {
    const values = layers.get(label)
    if (!values) return []
    if (by === 'severity') return [{ label, values, colour: colourOfSeverity[label] as (colours: Paint) => string }]
    if (by === 'service' && label !== rest) {
      variables[label] = serviceVariable(label)
      return [{ label, values, colour: (colours) => servicePaint(label, colours) }]
    }
    const slot = order[index % order.length] ?? 0
    variables[label] = label === rest ? 'var(--faint)' : `var(--s${slot})`
    return [{ label, values, colour: (colours) => (label === rest ? colours.faint : (colours.services[slot] ?? colours.quiet)) }]
  })
  return { series, total, variables }
}
