import { describe, expect, it } from 'vitest'
import { answerStatements } from './answer'

const row = {
  statement: ' SELECT ? ', calls: 4, total_ns: 100, p95_ns: 40, failed: 1, system: 'sqlite', callers: ['b', 'a'],
  slowest: 't s', all_total_ns: 400,
}

describe('which query is slow', () => {
  it('reads what the server counted', () => {
    expect(answerStatements([row], [])[0]).toEqual({
      statement: 'SELECT ?', calls: 4, total: 100, mean: 25, p95: 40, share: 0.25, failed: 1, system: 'sqlite', callers: ['a', 'b'],
      slowest: { traceId: 't', spanId: 's' }, repeats: null,
    })
  })
  it('marks statements that run in loops', () => {
    const loops = [{ statement: ' SELECT ? ', most: 30, parents: 7, trace_id: 'x' }]
    expect(answerStatements([row], loops)[0]?.repeats).toEqual({ most: 30, parents: 7, traceId: 'x' })
  })
  it('leaves out calls without a statement', () => expect(answerStatements([{ ...row, statement: null }], [])).toEqual([]))
  it('answers for nothing', () => expect(answerStatements([], [])).toEqual([]))
})
