import { describe, expect, it } from 'vitest'
import { columns, type Written } from '../testSpans'
import { makeTrace } from '../trace'
import { serviceGraph } from './serviceGraph'

const cases: { what: string; spans: Written[]; peers?: [string, string][]; nodes: string[]; edges: string[] }[] = [
  { what: 'one service', spans: [['a', null, 0, 10, 'web']], nodes: ['web 0'], edges: [] },
  {
    what: 'calls, errors and a database without telemetry',
    spans: [['a', null, 0, 10, 'web'], ['b', 'a', 1, 5, 'shop', true], ['c', 'b', 2, 1, 'shop', false, 'CLIENT'], ['d', 'a', 7, 2, 'shop']],
    peers: [['c', 'postgresql']],
    nodes: ['web 0', 'shop 1', 'postgresql 2'],
    edges: ['web>shop x2 !1 7ns', 'shop>postgresql x1 !0 1ns'],
  },
  {
    what: 'services that call each other in a circle',
    spans: [['a', null, 0, 10, 'web'], ['b', 'a', 1, 8, 'shop'], ['c', 'b', 2, 6, 'web'], ['d', 'c', 3, 2, 'stock']],
    nodes: ['web 0', 'shop 1', 'stock 1'],
    edges: ['web>shop x1 !0 8ns', 'shop>web x1 !0 6ns', 'web>stock x1 !0 2ns'],
  },
  { what: 'below a missing parent there is no caller', spans: [['x', 'lost', 0, 2, 'web']], nodes: ['web 0'], edges: [] },
]

describe('service graph', () => {
  for (const { what, spans, peers, nodes, edges } of cases) {
    it(what, () => {
      const graph = serviceGraph(makeTrace(columns(spans), 0n, false), new Map(peers))
      expect(graph.nodes.map(({ name, layer }) => `${name} ${layer}`)).toEqual(nodes)
      expect(graph.edges.map(({ from, to, calls, errors, total }) => `${from}>${to} x${calls} !${errors} ${total}ns`)).toEqual(edges)
    })
  }
})
