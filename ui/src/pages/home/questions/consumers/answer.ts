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

// The row of costs without a user is what all spans cost together.
export function answerConsumers(found: readonly Row[], costs: readonly Row[]): ConsumersAnswer {
  const rows = found.filter((row) => row['user'] !== null)
  const costOf = new Map(costs.map((row) => [row['user'], row]))
  const cost = (user: string | null, key: string) => Number(costOf.get(user)?.[key] ?? 0)
  const consumers = rows.slice(0, consumersMost).map((row): Consumer => {
    const user = String(row['user'])
    return {
      user,
      requests: Number(row['requests']),
      spent: Number(row['spent_ns']),
      failed: Number(row['failed']),
      database: cost(user, 'database_ns'),
      tokens: cost(user, 'tokens'),
    }
  })
  return {
    consumers,
    totals: { requests: Number(rows[0]?.['all_requests'] ?? 0), spent: Number(rows[0]?.['all_spent_ns'] ?? 0), database: cost(null, 'database_ns'), tokens: cost(null, 'tokens') },
    users: Number(rows[0]?.['users'] ?? 0),
  }
}

export const share = (value: number, total: number): number => (total > 0 ? value / total : 0)

// By requests and time as the server ranks them; by anything else among the most frequent.
export const ranked = (consumers: readonly Consumer[], measure: Measure): Consumer[] => [...consumers].sort((left, right) => right[measure] - left[measure])
