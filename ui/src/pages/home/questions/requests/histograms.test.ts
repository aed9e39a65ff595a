import { describe, expect, it } from 'vitest'
import { readHistograms } from './histograms'

const row = (metric_name: string, second: number, requests: number) => ({ metric_name, second, requests, early: 1, failed: 2 })

describe('requests by histograms', () => {
  const cases: [what: string, rows: ReturnType<typeof row>[], expected: [start: number, requests: number][]][] = [
    ['none', [], []],
    ['one', [row('http.server.duration', 900, 5)], [[900_000, 5]]],
    ['the new name counts, not both', [row('http.server.duration', 900, 5), row('http.server.request.duration', 900, 6)], [[900_000, 6]]],
    ['HTTP and RPC add up', [row('http.server.request.duration', 900, 5), row('rpc.server.duration', 900, 6), row('rpc.server.duration', 0, 1)], [[0, 1], [900_000, 11]]],
    ['quarters without requests go', [row('rpc.server.duration', 0, 0)], []],
  ]
  for (const [what, rows, expected] of cases) {
    it(what, () => expect(readHistograms(rows).map(({ start, requests }) => [start, requests])).toEqual(expected))
  }
})
