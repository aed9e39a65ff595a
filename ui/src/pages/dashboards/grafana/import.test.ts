import { describe, expect, it } from 'vitest'
import type { Dashboard, Panel } from '../model/document'
import { noteKeys } from '../view/noteKeys'
import { reportOf } from '../model/report'
import { importDocument, importValue } from './import'
import { lokiToSql } from './loki'
import { htmlToText } from './panels'
import classic from './testdata/classic.json'
import old from './testdata/old.json'
import v2 from './testdata/v2.json'

const without = ({ imported: _, place, ...panel }: Panel): unknown => ({ ...panel, place: `${place.x},${place.y} ${place.w}x${place.h}` })
const panelOf = (dashboard: Dashboard, id: number): unknown => without(dashboard.panels.find((panel) => panel.id === id) as Panel)
const report = (dashboard: Dashboard): string[] =>
  reportOf(dashboard).map(({ title, kind, verdict, notes }) => `${title} (${kind}) ${verdict}${notes.map(({ what, detail }) => ` ${what}${detail ? `:${detail}` : ''}`).join('')}`)
const prom = (query: string, more: object = {}): object => ({ ref: 'A', language: 'promql', query, ...more })

describe('the classic schema', () => {
  const { source, dashboard } = importValue(classic)
  it('is known as such', () => expect(source).toBe('grafana-classic'))
  it('brings its head', () => {
    const { title, tags, refresh, time, links, imported } = dashboard
    expect({ title, tags, refresh, time, links, notes: imported?.notes }).toEqual({
      title: 'Shop overview', tags: ['shop'], refresh: '30s', time: '3h', links: [{ title: 'Runbook', url: 'https://example.org/run', tab: true }],
      notes: [{ what: 'variableType', detail: 'filters: adhoc' }, { what: 'annotations', detail: 'By hand' }, { what: 'link', detail: 'Others' }],
    })
    expect(imported?.original['annotations']).toHaveLength(1)
  })
  it('brings its annotations', () =>
    expect(dashboard.annotations).toEqual([
      { name: 'Deploys', language: 'promql', query: 'changes(build_info[1m])', text: '{{job}} {{version}}', colour: 'red' },
      { name: 'Restarts', language: 'sql', query: lokiToSql('{job="api"} |= "started"'), off: true },
    ]))
  it('brings its variables', () =>
    expect(dashboard.variables).toEqual([
      { name: 'job', type: 'query', label: 'Job', query: 'label_values(up, job)', multi: true, all: true, allValue: '.+', sort: 'name', value: ['$__all'] },
      { name: 'quantile', type: 'custom', query: '0.5,0.95', value: ['0.95'] },
      { name: 'win', type: 'interval', query: '1m,5m,1h', auto: true, autoSteps: 20, autoLeast: '30s', value: ['$__auto'] },
      { name: 'ns', type: 'constant', query: 'prod', hidden: true },
      { name: 'find', type: 'text', query: 'x', value: ['y'] },
    ]))
  const cases: [number, object][] = [
    [2, {
      id: 2, type: 'timeseries', title: 'Requests', place: '0,1 12x8', queries: [prom('sum by (job) (rate(http_requests_total{job=~"$job"}[$__rate_interval]))', { legend: '{{job}}', step: '30s' })],
      unit: 'reqps', decimals: 1, min: 0, thresholds: [{ from: null, colour: 'green' }, { from: 80, colour: 'red' }], thresholdsShown: true, legend: 'table', fill: 20, stack: 'normal',
      overrides: [{ by: 'name', match: 'api', unit: 'ops', colour: 'blue' }],
    }],
    [3, {
      id: 3, type: 'stat', title: 'Up', place: '12,1 4x4', queries: [prom('sum(up)', { instant: true })], reduce: 'last', colour: 'background', sparkline: true, show: 'both',
      mappings: [{ kind: 'value', value: '0', text: 'down', colour: 'red' }, { kind: 'range', from: 1, to: 9, text: 'up' }, { kind: 'special', match: 'null', text: '?' }, { kind: 'special', match: 'nan', text: '?' }],
    }],
    [4, { id: 4, type: 'gauge', title: 'Disk', place: '16,1 4x4', queries: [prom('disk_used')], unit: 'percent', reduce: 'last', thresholdsIn: 'percent', thresholds: [{ from: null, colour: 'green' }, { from: 70, colour: '#eab839' }] }],
    [6, {
      id: 6, type: 'table', title: 'Jobs', place: '12,5 12x4', queries: [prom('up', { instant: true }), { ...prom('build_info', { instant: true }), ref: 'B' }],
      transforms: [{ kind: 'merge' }, { kind: 'organize', hide: ['Time'], order: ['job', 'Value #A'], rename: { 'Value #A': 'Up' } }, { kind: 'sort', field: 'Up', descending: true }],
      overrides: [{ by: 'name', match: 'Up', decimals: 0 }],
    }],
    [7, { id: 7, type: 'heatmap', title: 'Latency', place: '0,9 12x8', unit: 's', queries: [prom('sum by (le) (increase(lat_bucket[$__rate_interval]))', { legend: '{{le}}' })] }],
    [9, { id: 9, type: 'text', title: 'Html', place: '18,9 6x4', queries: [], text: '## Hi\na **b** & [c](https://example.org)' }],
    [14, { id: 14, type: 'unsupported', title: 'Map', place: '16,17 8x4', queries: [] }],
    [17, { id: 17, type: 'timeseries', title: 'CPU', place: '0,26 12x6', queries: [prom('cpu')], draw: 'bars', log: true, legend: 'list', repeat: { variable: 'job', down: true } }],
    [16, { id: 16, type: 'row', title: 'Per job $job', place: '0,25 24x1', queries: [], collapsed: true, repeat: { variable: 'job' } }],
  ]
  for (const [id, expected] of cases) it(`panel ${id}`, () => expect(panelOf(dashboard, id)).toEqual(expected))
  it('makes room for what a folded row holds', () => expect(dashboard.panels.slice(-2).map(without)).toMatchObject([{ id: 18, place: '0,32 24x1' }, { id: 19, place: '0,33 6x3' }]))
  it('turns a selector of logs into SQL', () =>
    expect(dashboard.panels.find(({ id }) => id === 11)?.queries[0]?.query).toContain(`service_name = 'shop'\n  AND regexp_like(lower(severity_text), '^(?:error|warn)$')\n  AND body LIKE '%it''s%'`))
  it('reports', () =>
    expect(report(dashboard)).toEqual([
      'Requests (timeseries) converted', 'Up (stat) converted', 'Disk (gauge) approximated reducer:stdDev', 'Queues (bargauge) converted', 'Jobs (table) converted', 'Latency (heatmap) converted',
      'Notes (text) converted', 'Html (text) approximated html', 'Share (piechart) approximated pie', 'Errors (logs) approximated logqlAsSql:{service_name="shop", level=~"error|warn"} |= "it\'s"',
      'Log rate (timeseries) unsupported logql:sum(rate({app="shop"}[5m]))', 'Expression (timeseries) unsupported expression:$A * 2', 'Map (geomap) unsupported panelType:geomap',
      'Shared (unsupported) unsupported libraryPanel:CPU of all', 'CPU (timeseries) approximated secondAxis', 'Same id (stat) approximated timeShift:1d',
    ]))
  it('keeps the original of what it could not take as it was', () => expect(dashboard.panels.find(({ id }) => id === 14)?.imported?.original).toEqual(classic.panels.find(({ id }) => id === 14)))
  it('still asks what it can', () => expect(dashboard.panels.find(({ id }) => id === 13)?.queries).toEqual([prom('up')]))
})

describe('the oldest schema', () => {
  const { source, dashboard } = importValue(old)
  it('is the classic one, as an API wraps it', () => expect(source).toBe('grafana-classic'))
  it('counts back from now', () => expect([dashboard.time, dashboard.imported?.notes]).toEqual(['1d', [{ what: 'time', detail: 'now-1d/d – now' }]]))
  const cases: [number, object][] = [
    [1, {
      id: 1, type: 'timeseries', title: 'Load', place: '0,1 12x5', queries: [prom('node_load1{host="$host"}', { legend: '{{host}}', step: '10s' })], unit: 'short', min: 0, max: 10, log: true, stack: 'normal',
      draw: 'bars', fill: 30, legend: 'table', thresholds: [{ from: null, colour: 'green' }, { from: 5, colour: 'red' }], thresholdsShown: true,
      overrides: [{ by: 'name', match: 'a', colour: '#7eb26d' }, { by: 'regex', match: 'b.*', colour: '#890f02' }],
    }],
    [2, {
      id: 2, type: 'stat', title: 'Now', place: '12,1 6x5', queries: [prom('x')], unit: 'percent', reduce: 'mean', sparkline: true,
      thresholds: [{ from: null, colour: '#32ac2d' }, { from: 50, colour: '#eab839' }, { from: 80, colour: 'red' }], mappings: [{ kind: 'special', match: 'null', text: 'N/A' }, { kind: 'value', value: '1', text: 'one' }],
    }],
    [3, { id: 3, type: 'gauge', title: 'Dial', place: '18,1 6x5', queries: [prom('y')], min: 0, max: 200, reduce: 'last' }],
    [4, { id: 4, type: 'table', title: 'Tab', place: '0,6 24x10', queries: [prom('z')], transforms: [{ kind: 'reduce', reducers: ['max', 'mean'] }], overrides: [{ by: 'name', match: 'Metric', name: 'Name' }, { by: 'regex', match: '.*', unit: 's', decimals: 2 }] }],
  ]
  for (const [id, expected] of cases) it(`panel ${id}`, () => expect(panelOf(dashboard, id)).toEqual(expected))
  it('reports', () =>
    expect(report(dashboard)).toEqual(['Load (graph) approximated intervalFactor:2 secondAxis', 'Now (stat) converted', 'Dial (singlestat) approximated affix: of all', 'Tab (table) converted']))
})

describe('the second schema', () => {
  const { source, dashboard } = importValue(v2)
  it('is known as such, with and without its envelope', () => expect([source, importValue(v2.spec).source]).toEqual(['grafana-v2', 'grafana-v2']))
  it('brings its head and variables', () => {
    expect([dashboard.title, dashboard.time, dashboard.refresh]).toEqual(['Second', '15m', '10s'])
    expect(dashboard.variables).toEqual([{ name: 'svc', type: 'query', label: 'Service', query: 'label_values(up, svc)', multi: true, all: true, sort: 'name', value: ['$__all'] }])
    expect(dashboard.imported?.notes.map(({ what }) => what)).toEqual(['variableType', 'tabs', 'element', 'autoGrid'])
    expect(dashboard.annotations).toEqual([{ name: 'Deploys', language: 'promql', query: 'changes(build_info[1m])', text: '{{job}}', colour: 'blue' }])
  })
  it('lays tabs, rows and automatic columns on the grid', () =>
    expect(dashboard.panels.map(({ title, place: { x, y, w, h }, collapsed }) => `${title} ${x},${y} ${w}x${h}${collapsed ? ' folded' : ''}`)).toEqual(['One 0,0 24x1', 'Rate 0,1 24x6', 'Two 0,7 24x1 folded', 'Auto 0,8 24x1', 'First draft 0,9 12x5', 'Shared 12,9 12x5']))
  it('converts elements of both drafts', () => {
    expect(panelOf(dashboard, 1)).toMatchObject({
      type: 'timeseries', title: 'Rate', description: 'per second', unit: 'ops', legend: 'hidden', minInterval: '20s', repeat: { variable: 'svc', most: 3 }, queries: [prom('rate(x[1m])', { legend: '{{svc}}' })], transforms: [{ kind: 'limit', rows: 3 }],
    })
    expect(dashboard.panels.find(({ title }) => title === 'First draft')).toMatchObject({ type: 'stat', queries: [prom('up', { instant: true, hidden: true })], transforms: [{ kind: 'reduce', reducers: ['max'] }] })
  })
  it('reports', () => expect(report(dashboard)).toEqual(['Rate (timeseries) converted', 'First draft (stat) converted', 'Shared (unsupported) unsupported libraryPanel:lib']))
})

describe('whatever else', () => {
  const wrong: [string, string][] = [['', 'JSON'], ['[]', 'neither'], ['{"a":1}', 'neither'], ['{"version":1,"panels":[{"type":"x"}]}', 'neither|panels\\[0\\]']]
  for (const [text, message] of wrong) it(`refuses ${text || 'nothing'}`, () => expect(() => importDocument(text)).toThrow(new RegExp(message)))
  const hostile: unknown[] = [
    { schemaVersion: 39, panels: [null, 1, 'x', {}, { type: 'timeseries', targets: [null, { expr: 5 }], fieldConfig: 7, gridPos: { x: 'a', w: -4, h: 1e9 } }] },
    { schemaVersion: 1, rows: [null, { panels: 'x' }, { height: {}, panels: [{ span: 'z' }] }] },
    { spec: { elements: { a: 5 }, layout: { kind: 'GridLayout', spec: { items: [{ spec: { element: { name: 'a' } } }, {}] } } } },
    { schemaVersion: 39, panels: [], templating: { list: [{ type: 'query' }, { type: 'query', name: '1' }, { type: 'interval', name: 'i', query: 3 }] } },
  ]
  hostile.forEach((value, at) => it(`survives nonsense ${at}`, () => expect(importValue(value).dashboard.version).toBe(1)))
  it('has a sentence for everything it can say', () => {
    const said = [classic, old, v2].flatMap((value) => {
      const { dashboard } = importValue(value)
      return [...(dashboard.imported?.notes ?? []), ...dashboard.panels.flatMap((panel) => panel.imported?.notes ?? [])]
    })
    expect(said.map(({ what }) => what).filter((what) => !noteKeys.has(what))).toEqual([])
  })
  const html: [string, string][] = [['<p>a</p><p>b</p>', 'a\nb'], ['<ul><li>x</li><li>y</li></ul>', '- x\n- y'], ['<a href="javascript:x()">t</a>', 't'], ['plain', 'plain']]
  for (const [written, expected] of html) it(written, () => expect(htmlToText(written)).toBe(expected))
  const loki: [string, boolean][] = [['{a="b"}', true], ['{a="b"} | json', false], ['count_over_time({a="b"}[1m])', false], ['{a="b"} |~ "x" != "y"', true], ['{}', true]]
  for (const [written, known] of loki) it(`${written} ${known ? 'is' : 'is no'} selector with filters`, () => expect(lokiToSql(written) !== null).toBe(known))
})
