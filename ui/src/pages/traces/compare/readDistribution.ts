import type { Row } from '../../../api/client'
import type { ComparedField } from './queries'
import type { Distribution } from './score'

const idOf = (value: Row[string] | undefined): string | null => (value === null || value === undefined ? null : String(value))

export function readDistribution({ field, label }: Pick<ComparedField, 'field' | 'label'>, all: readonly Row[]): Distribution | null {
  const rows = all.filter((row) => row['value'] !== null)
  const missing = all.find((row) => row['value'] === null)
  const [first] = rows
  if (!first) return null
  const without = (name: string): number => Number(missing?.[name] ?? 0)
  return {
    field,
    label,
    values: rows.map((row) => ({ value: String(row['value']), inside: Number(row['inside']), outside: Number(row['outside']), example: idOf(row['example']), counter: idOf(row['counter']) })),
    inside: Number(first['inside_all']) - without('inside'),
    outside: Number(first['outside_all']) - without('outside'),
    distinct: Number(first['distinct_values']) - (missing ? 1 : 0),
  }
}
