import { describe, expect, it } from 'vitest'
import type { Row } from '../../api/client'
import { healthOf, idOf, merge, readGraph, widthOf, type Graph, type MapEdge } from './graph'
import { cluster, neighbours, startOf, toward, visible, wholeLimit, type View } from './visible'

const call = (source: string, target: string, extra: Row = {}): Row => ({
  source, source_kind: 'service', target, target_kind: 'service', system: null, peer: null, namespace: null,
  calls: 10, failed: 0, quantiles: [1, 2, 3], hops: [null, null, null], trace_id: 'aa', ...extra,
})
const service = (name: string, namespace: string | null = null): Row => ({ service_name: name, namespace, requests: 5, failed: 0, spans: 9, span_errors: 0, request_quantiles: [1, 2, 3], span_quantiles: [1, 2, 3] })
const names = ({ nodes }: Graph): string[] => nodes.map(({ label }) => label).sort()

describe('reading the map', () => {
  const graph = readGraph(
    [service('web'), service('batch')],
    [
      call('web', 'pg / shop', { target_kind: 'database', system: 'postgresql', peer: 'pg', namespace: 'shop' }),
      call('web', 'orders', { target_kind: 'queue', system: 'kafka' }),
      call('orders', 'shipping', { source_kind: 'queue', system: 'kafka', hops: [4, 5, 6] }),
      call('web', '/data/x/local.db', { target_kind: 'database', system: 'sqlite' }),
      call('', 'web', { source_kind: 'outside' }),
      call('web', 'nowhere', { target: null }),
    ],
  )
  it('has a node for each end, and those without calls', () => expect(names(graph)).toEqual(['', 'batch', 'local.db', 'orders', 'pg / shop', 'shipping', 'web']))
  it('leaves out what names no peer', () => expect(graph.edges.length).toBe(5))
  it('joins both sides of a queue', () => expect(graph.edges.filter(({ from, to }) => [from, to].includes(idOf('queue', 'orders', 'kafka'))).length).toBe(2))
  it('knows which spans speak of a database', () =>
    expect(graph.nodes.find(({ kind }) => kind === 'database')?.filters.map(({ key, value }) => `${key}=${value}`)).toEqual(['db.system.name=postgresql', 'server.address=pg', 'db.namespace=shop']))
  it('has no hop where nothing answered', () => expect(graph.edges[0]?.hopP95).toBeNull())
  it('joins rows of the same two ends', () => expect(readGraph([], [call('a', 'b', { peer: 'x' }), call('a', 'b', { peer: 'y' })]).edges[0]).toMatchObject({ calls: 20, merged: 2 }))
})

describe('an edge', () => {
  const edge = (extra: Partial<MapEdge>): MapEdge => ({ id: 'x', from: 'a', to: 'b', calls: 10, failed: 0, p50: 1, p95: 2, p99: 3, hopP50: null, hopP95: null, traceId: null, merged: 1, ...extra })
  it('sums calls and takes the worst percentiles', () =>
    expect(merge('g', 'a', 'b', [edge({ p95: 9, traceId: 'one' }), edge({ failed: 4, hopP95: 7, traceId: 'two' })])).toMatchObject({ calls: 20, failed: 4, p95: 9, hopP95: 7, traceId: 'two', merged: 2 }))
  const health: [failed: number, said: string][] = [[0, 'fine'], [4, 'some'], [5, 'bad'], [100, 'bad']]
  for (const [failed, said] of health) it(`${failed} of 100 is ${said}`, () => expect(healthOf({ calls: 100, failed })).toBe(said))
  it('widens with the calls, within bounds', () => {
    const widths = [1, 10, 1000, 1_000_000].map((calls) => widthOf(calls, 1_000_000))
    expect(widths).toEqual([...widths].sort((left, right) => left - right))
    expect(widths.at(-1)).toBeCloseTo(7)
  })
})

describe('a large map', () => {
  const chain = Array.from({ length: 80 }, (_, index) => `s${index}`)
  const large = readGraph(chain.map((name, index) => service(name, index < 40 ? 'front' : 'back')), chain.slice(1).map((name, index) => call(`s${index}`, name, { failed: index === 50 ? 3 : 0 })))
  const view = (extra: Partial<View> = {}): View => ({ focus: '', steps: 1, pins: [], by: 'none', opened: new Set(), outside: null, ...extra })
  it('starts where calls fail', () => expect(startOf(large)).toBe(idOf('service', 's50')))
  const cases: [what: string, view: View, drawn: number][] = [
    ['starts with the neighbours of its start', view(), 3],
    ['goes further on demand', view({ steps: 2 }), 5],
    ['focuses on a name', view({ focus: 's0' }), 2],
    ['keeps pins and their neighbours', view({ focus: 's0', pins: [idOf('service', 's70')] }), 5],
    ['is whole when asked', view({ focus: 'all' }), 80],
    ['falls back to its start for an unknown name', view({ focus: 'gone' }), 3],
    ['groups by namespace', view({ by: 'namespace' }), 2],
    ['opens a group', view({ by: 'namespace', opened: new Set(['front']) }), 41],
    ['finds the group of a name', view({ by: 'namespace', focus: 's3' }), 2],
  ]
  for (const [what, how, drawn] of cases) it(what, () => expect(visible(large, how).graph.nodes.length).toBe(drawn))
  it(`is whole up to ${wholeLimit} nodes`, () => expect(visible(readGraph(chain.slice(0, wholeLimit).map((name) => service(name)), []), view()).centre).toBeNull())
  it('walks both ways', () => expect([...neighbours(large, [idOf('service', 's5')], 1)].length).toBe(3))
})

describe('groups', () => {
  const graph = readGraph(
    [service('a', 'x'), service('b', 'x'), service('c', 'y')],
    [call('a', 'db1', { target_kind: 'database', system: 'redis' }), call('b', 'db2', { target_kind: 'database', system: 'redis' }), call('c', 'db2', { target_kind: 'database', system: 'redis' }), call('a', 'b'), call('b', 'c')],
  )
  it('take along what only they use', () => expect(names(cluster(graph, 'namespace', new Set()))).toEqual(['c', 'db2', 'x']))
  it('drop the calls within', () => expect(cluster(graph, 'namespace', new Set()).edges.map(({ id }) => id).sort()).toEqual(['group::x→database:redis:db2', 'group::x→service:c', 'service:c→database:redis:db2']))
  it('fold databases of a kind', () => expect(names(cluster(graph, 'kind', new Set()))).toEqual(['a', 'b', 'c', 'redis']))
})

describe('arrow keys', () => {
  const places = [{ id: 'a', x: 0, y: 0 }, { id: 'b', x: 100, y: 5 }, { id: 'c', x: 60, y: 90 }, { id: 'd', x: 0, y: 80 }]
  const cases: [from: string, key: string, to: string | null][] = [['a', 'ArrowRight', 'b'], ['a', 'ArrowDown', 'd'], ['a', 'ArrowLeft', null], ['b', 'ArrowLeft', 'a'], ['c', 'ArrowUp', 'b'], ['a', 'Enter', null], ['gone', 'ArrowDown', null]]
  for (const [from, key, to] of cases) it(`${key} from ${from}`, () => expect(toward(places, from, key)).toBe(to))
})
