import { describe, expect, it } from 'vitest'
import { answerConsumers, ranked, share, type Measure } from './answer'

const rows = [
  { user: 'alice', requests: 70, spent_ns: 100, failed: 7, all_requests: 100, all_spent_ns: 400, users: 12 },
  { user: 'bob', requests: 20, spent_ns: 200, failed: 0, all_requests: 100, all_spent_ns: 400, users: 12 },
]
const costs = [{ user: 'bob', database_ns: 50, tokens: 0 }, { user: 'alice', database_ns: 10, tokens: 3 }, { user: null, database_ns: 200, tokens: 6 }]

describe('who consumes most', () => {
  it('joins users with what their traces cost', () => {
    const { consumers, totals, users } = answerConsumers(rows, costs)
    expect(consumers[0]).toEqual({ user: 'alice', requests: 70, spent: 100, failed: 7, database: 10, tokens: 3 })
    expect(totals).toEqual({ requests: 100, spent: 400, database: 200, tokens: 6 })
    expect(users).toBe(12)
  })
  const orders: [measure: Measure, first: string][] = [['requests', 'alice'], ['spent', 'bob'], ['database', 'bob'], ['tokens', 'alice']]
  for (const [measure, first] of orders) {
    it(`ranks by ${measure}`, () => expect(ranked(answerConsumers(rows, costs).consumers, measure)[0]?.user).toBe(first))
  }
  it('leaves out what nobody asked for', () => {
    const nobody = { user: null, requests: 900, spent_ns: 9, failed: 0, all_requests: 100, all_spent_ns: 400, users: 12 }
    expect(answerConsumers([nobody, ...rows], costs)).toEqual(answerConsumers(rows, costs))
  })
  it('answers for nobody', () => expect(answerConsumers([], [])).toEqual({ consumers: [], totals: { requests: 0, spent: 0, database: 0, tokens: 0 }, users: 0 }))
  it('shares', () => expect([share(1, 4), share(1, 0)]).toEqual([0.25, 0]))
})
