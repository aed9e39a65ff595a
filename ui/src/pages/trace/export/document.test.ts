import { describe, expect, it } from 'vitest'
import { buildDocument, escapeData, escapeMarkup, type Exported } from './document'
import { charts } from './metrics'

const attack = `</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>'"&\u2028`
const data: Exported = {
  title: attack, language: 'en', traceId: attack, started: '', extent: 1, facts: [[attack, attack]], notes: [attack], services: [[attack, 0]], resources: [{ [attack]: attack }], labels: {},
  spans: [{
    id: '1', row: -1, depth: 0, end: 1, service: attack, name: attack, kind: attack, start: 0, duration: 1, self: 1, error: false, critical: true,
    details: { attributes: { [attack]: attack }, resource: 0, message: attack, events: [], links: [] },
  }],
  logs: [{ at: 0, severity: 'INFO', service: attack, body: attack, row: 0 }],
  charts: [{ service: attack, metric: attack, unit: attack, what: 'mean', points: [[0, 1], [1, 2]] }],
}

describe('exported file', () => {
  const text = buildDocument(data, 'abc')
  it('has only its own two scripts and no other markup from the trace', () => {
    expect(text.match(/<script/g)).toHaveLength(2)
    expect(text.match(/<\/script/g)).toHaveLength(2)
    expect(text).not.toContain('<img')
    expect(text).not.toContain('<!--<')
  })
  it('loads nothing from anywhere', () => {
    expect(text).not.toMatch(/<(link|iframe|object|embed|base|img)\b|<[^>]*\s(src|href)=|@import|url\(/)
    expect(text).toContain(`default-src 'none'`)
  })
  it('gives the data back unchanged', () => {
    const [, written] = /id="data">([\s\S]*?)<\/script>/.exec(text) as unknown as [string, string]
    expect(JSON.parse(written)).toEqual(data)
  })
  it('escapes', () => {
    expect(escapeMarkup(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;')
    expect(escapeData('</')).toBe('"\\u003c/"')
  })
})

const row = (metric: string, type: string, series: string, second: number, values: object) => ({ service_name: 's', metric_name: metric, unit: 'x', type, temporality: 'cumulative', is_monotonic: null, series, at: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`, ...values })
const cases: [what: string, rows: ReturnType<typeof row>[], points: number[], how: string][] = [
  ['gauges: mean over series', [row('g', 'gauge', '1', 0, { mean: 2 }), row('g', 'gauge', '2', 0, { mean: 4 }), row('g', 'gauge', '1', 20, { mean: 6 })], [3, 6], 'mean'],
  ['up-down sums: total over series', [row('u', 'sum', '1', 0, { mean: 2 }), row('u', 'sum', '2', 0, { mean: 4 }), row('u', 'sum', '1', 20, { mean: 6 })], [6, 6], 'total'],
  ['counters: growth per second, a restart counts from zero', [0, 20, 40].map((second, index) => row('c', 'sum', '1', second, { is_monotonic: true, top: [100, 140, 20][index] })), [2, 1], 'rate'],
  ['counters of deltas', [0, 20].map((second) => row('d', 'sum', '1', second, { is_monotonic: true, temporality: 'delta', added: 40 })), [2, 2], 'rate'],
  ['histograms: mean of what was recorded since', [0, 20, 40].map((second, index) => row('h', 'histogram', '1', second, { calls: [1, 3, 4][index], amount: [5, 9, 19][index] })), [2, 10], 'mean'],
]

describe('charts of metrics', () => {
  for (const [what, rows, points, how] of cases) {
    it(what, () => {
      const [chart] = charts(rows as never)
      expect(chart?.what).toBe(how)
      expect(chart?.points.map(([, value]) => value)).toEqual(points)
    })
  }
  it('leaves out what has a single point', () => expect(charts([row('g', 'gauge', '1', 0, { mean: 2 })] as never)).toEqual([]))
})
