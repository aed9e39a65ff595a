import type { Row } from '../../../../api/client'

export type Measure = 'requests' | 'spent' | 'database' | 'tokens'
export const measures: readonly Measure[] = ['requests', 'spent', 'database', 'tokens']

export const consumersMost = 8

export interface Consumer extends Record<Measure, number> {
  user: string
  failed: number
}

export interface ConsumersAnswer {
  consumers: Consumer[]
  totals: Record<Measure, number>
  users: number
}

// `oneIn` is the share of traces whose costs were looked at.
export function answerConsumers(found: readonly Row[], allCosts: readonly Row[], oneIn: number): ConsumersAnswer {
  const [rows, costs] = [found, allCosts].map((some) => some.filter((row) => row['user'] !== null)) as [Row[], Row[]]
  const costOf = new Map(costs.map((row) => [String(row['user']), row]))
  const scaled = (row: Row | undefined, key: string) => Number(row?.[key] ?? 0) * oneIn
  const sum = (key: string) => costs.reduce((total, row) => total + scaled(row, key), 0)
  const consumers = rows.slice(0, consumersMost).map((row): Consumer => {
    const cost = costOf.get(String(row['user']))
    return {
      user: String(row['user']),
      requests: Number(row['requests']),
      spent: Number(row['spent_ns']),
      failed: Number(row['failed']),
      database: scaled(cost, 'database_ns'),
      tokens: scaled(cost, 'tokens'),
    }
  })
  return {
    consumers,
    totals: { requests: Number(rows[0]?.['all_requests'] ?? 0), spent: Number(rows[0]?.['all_spent_ns'] ?? 0), database: sum('database_ns'), tokens: sum('tokens') },
    users: Number(rows[0]?.['users'] ?? 0),
  }
}

export const share = (value: number, total: number): number => (total > 0 ? value / total : 0)

// By requests as the server ranks them; by anything else among those.
export const ranked = (consumers: readonly Consumer[], measure: Measure): Consumer[] => [...consumers].sort((left, right) => right[measure] - left[measure])
