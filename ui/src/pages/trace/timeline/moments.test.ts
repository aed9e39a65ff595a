import { describe, expect, it } from 'vitest'
import { columns } from '../testSpans'
import { makeTrace } from '../trace'
import { eventMoments, inOrder, logMoments, rowsById, spanMoments } from './moments'

const trace = makeTrace(columns([['a', null, 0, 100], ['b', 'a', 10, 30, 'eggs', true]]), 1_700_000_000_000_000_000n, false)
const rows = rowsById(trace)

describe('timeline', () => {
  it('puts spans, events and logs in order', () => {
    const logs = [
      { time: '2023-11-14T22:13:20.000000010Z', span_id: 'b', service_name: 'eggs', body: 'boiling', severity_number: 9 },
      { time: '2023-11-14T22:13:20.000000005Z', span_id: null, service_name: 'spam', body: 'no span', severity_number: 17 },
    ]
    const events = [{ spanId: 'b', time: trace.origin + 10n, name: 'exception', message: 'rotten' }]
    const moments = inOrder([...logMoments(trace, logs, rows), ...eventMoments(trace, events, rows), ...spanMoments(trace)])
    expect(moments.map(({ kind, at, row, text, failed }) => `${at} ${kind} ${row} ${text}${failed ? '!' : ''}`)).toEqual([
      '0 span 0 op a', '5 log -1 no span!', '10 span 1 op b!', '10 event 1 exception: rotten!', '10 log 1 boiling',
    ])
  })
})
