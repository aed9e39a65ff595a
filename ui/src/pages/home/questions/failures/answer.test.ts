import { describe, expect, it } from 'vitest'
import { answerFailures } from './answer'

const row = (service_name: string, requests: number, failed: number, spans = requests, span_errors = failed) => ({ service_name, requests, failed, spans, span_errors })

describe('which service fails most', () => {
  const cases: [what: string, rows: ReturnType<typeof row>[], worst: string | null, most: string | null][] = [
    ['none', [row('a', 100, 0)], null, null],
    ['by rate', [row('a', 1000, 20), row('b', 100, 10)], 'b', 'a'],
    ['one and the same', [row('a', 1000, 200), row('b', 100, 10)], 'a', null],
    ['one failure of one request does not lead', [row('a', 1, 1), row('b', 100, 10)], 'b', null],
    ['too few of all', [row('a', 3, 1), row('b', 10, 9)], 'b', null],
    ['a job is judged by its spans', [row('job', 0, 0, 50, 5)], 'job', null],
  ]
  for (const [what, rows, worst, most] of cases) {
    it(what, () => {
      const answer = answerFailures(rows)
      expect([answer.worst?.service ?? null, answer.most?.service ?? null]).toEqual([worst, most])
    })
  }
  it('adds up requests, not spans', () => {
    const { total, failed } = answerFailures([row('a', 100, 7), row('job', 0, 0, 50, 5)])
    expect([total, failed]).toEqual([100, 7])
  })
})
