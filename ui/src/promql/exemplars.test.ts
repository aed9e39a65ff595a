import { describe, expect, it } from 'vitest'
import { marksOf } from './exemplars'

const of = (le: string, exemplars: [time: number, value: string, trace: string][]) => ({ seriesLabels: { le }, exemplars: exemplars.map(([timestamp, value, trace]) => ({ timestamp, value, labels: { trace_id: trace, span_id: 's' } })) })

describe('exemplars as marks', () => {
  it('stand once for all buckets, in the order of time', () => expect(marksOf([of('1', [[20, '0.5', 'b'], [10, '0.2', 'a']]), of('2', [[20, '0.5', 'b']])]).map(({ time, value, traceId }) => [time, value, traceId])).toEqual([[10, 0.2, 'a'], [20, 0.5, 'b']]))
  it('are the largest of each moment where there are many', () => expect(marksOf([of('1', [[0, '1', 'a'], [1, '9', 'b'], [2, '3', 'c'], [90, '2', 'd'], [100, '1', 'e']])], 2).map(({ traceId }) => traceId)).toEqual(['b', 'd']))
  it('may have no trace', () => expect(marksOf([{ seriesLabels: {}, exemplars: [{ labels: { user: 'x' }, value: '1', timestamp: 1 }] }])[0]?.traceId).toBeNull())
})
