import { describe, expect, it } from 'vitest'
import { answerHop } from './answer'

const row = { client: 'a', server: 'b', calls: 3, measured: 2, overrun: 1, hop: [10, 20, 30], client_side: [40, 50, 60], hop_sum: 50, root_sum: 200 }

describe('what the hop costs', () => {
  const cases: [what: string, rows: Parameters<typeof answerHop>[0], expected: ReturnType<typeof answerHop>][] = [
    ['no calls', [], []],
    ['every call failed', [{ ...row, hop: null }], []],
    ['an edge', [row], [{ client: 'a', server: 'b', calls: 3, measured: 2, overrun: 1, p50: 10, p95: 20, callP50: 40, share: 0.25 }]],
    ['roots are missing', [{ ...row, root_sum: null }], [{ client: 'a', server: 'b', calls: 3, measured: 2, overrun: 1, p50: 10, p95: 20, callP50: 40, share: null }]],
  ]
  for (const [what, rows, expected] of cases) it(what, () => expect(answerHop(rows)).toEqual(expected))
})
