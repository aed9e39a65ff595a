import { describe, expect, it } from 'vitest'
import { families, narrow, prefixes } from './families'

const described = {
  http_server_request_duration_seconds: [{ type: 'histogram', help: 'Duration of requests', unit: 's' }],
  rpc_duration_seconds: [{ type: 'histogram', help: '', unit: 's' }],
  jobs_total: [{ type: 'counter', help: 'Jobs', unit: '{job}' }],
  page_count: [{ type: 'gauge', help: '', unit: '' }],
  gc_duration_seconds: [{ type: 'summary', help: '', unit: 's' }],
  target_info: [{ type: 'gauge', help: '', unit: '' }],
}
const names = [
  'gc_duration_seconds', 'gc_duration_seconds_count', 'gc_duration_seconds_sum', 'http_server_request_duration_seconds_bucket', 'http_server_request_duration_seconds_count', 'http_server_request_duration_seconds_sum',
  'jobs_total', 'page_count', 'rpc_duration_seconds', 'target_info', 'traces_spanmetrics_calls_total', 'traces_spanmetrics_latency_bucket', 'traces_spanmetrics_latency_count', 'traces_spanmetrics_latency_sum',
]
const counts = [
  { metric_name: 'http.server.request.duration', type: 'histogram', unit: 's', is_monotonic: null, series: 12 },
  { metric_name: 'jobs', type: 'sum', unit: '{job}', is_monotonic: true, series: 3 },
  { metric_name: 'jobs', type: 'gauge', unit: '{job}', is_monotonic: null, series: 99 },
]

describe('families of metrics', () => {
  const all = families(names, described, counts)
  it('puts parts together, and knows kinds', () => expect(all.map(({ name, kind }) => [name, kind])).toEqual([
    ['gc_duration_seconds', 'summary'], ['http_server_request_duration_seconds', 'histogram'], ['jobs_total', 'counter'], ['page_count', 'gauge'],
    ['rpc_duration_seconds', 'native'], ['target_info', 'info'], ['traces_spanmetrics_calls_total', 'counter'], ['traces_spanmetrics_latency', 'histogram'],
  ]))
  it('knows how many series were sent', () => expect(all.filter(({ series }) => series !== null).map(({ name, series }) => [name, series])).toEqual([['http_server_request_duration_seconds', 12], ['jobs_total', 3]]))
  it('is searched by words, names as sent and all', () => {
    const found = (find: string, type = '', prefix = '') => narrow(all, { find, type, prefix }).map(({ name }) => name)
    expect(found('http.server request')).toEqual(['http_server_request_duration_seconds'])
    expect(found('', 'histogram', 'rpc')).toEqual(['rpc_duration_seconds'])
    expect(found('jobs', 'gauge')).toEqual([])
  })
  it('has prefixes', () => expect(prefixes(all)[0]).toEqual({ prefix: 'traces', count: 2 }))
})
