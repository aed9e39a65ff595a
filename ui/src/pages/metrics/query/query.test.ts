import { describe, expect, it } from 'vitest'
import { readQueries, writeQueries } from './queries'
import { childrenOf, headOf, textOf } from './treeText'

describe('queries in the address', () => {
  const cases: [what: string, search: string][] = [
    ['one', 'q=up'],
    ['several, with legends and rest', 'q=up&q=sum(up)&legend=&legend=%7B%7Bjob%7D%7D&off=B'],
    ['other parameters stay', 'range=6h&q=up'],
  ]
  for (const [what, search] of cases) {
    it(what, () => {
      const params = new URLSearchParams(search)
      const queries = readQueries(params)
      writeQueries(params, queries)
      expect(readQueries(params)).toEqual(queries)
      expect([...params].sort()).toEqual([...new URLSearchParams(search)].sort())
    })
  }
  it('starts with an empty one', () => expect(readQueries(new URLSearchParams())).toEqual([{ ref: 'A', text: '', legend: '', off: false }]))
})

const selector = (name: string, more: object = {}) => ({ type: 'vectorSelector', name, matchers: [{ name: '__name__', type: '=', value: name }], offset: 0, timestamp: null, startOrEnd: null, ...more })

describe('nodes as text', () => {
  const cases: [node: { type: string }, written: string, head: string][] = [
    [selector('up'), 'up', 'up'],
    [selector('http.x', { matchers: [{ name: '__name__', type: '=', value: 'http.x' }, { name: 'a.b', type: '!~', value: 'c"' }] }), '{"http.x", "a.b"!~"c\\""}', '{"http.x", "a.b"!~"c\\""}'],
    [{ ...selector(''), matchers: [{ name: '__name__', type: '=~', value: 'a.*' }] } as never, '{__name__=~"a.*"}', '{__name__=~"a.*"}'],
    [selector('up', { offset: -60_000, timestamp: 1500 }), 'up @ 1.500 offset -1m', 'up @ 1.500 offset -1m'],
    [selector('up', { startOrEnd: 'end' }), 'up @ end()', 'up @ end()'],
    [{ type: 'call', func: { name: 'rate' }, args: [{ ...selector('up'), type: 'matrixSelector', range: 300_000, anchored: true }] } as never, 'rate(up[5m] anchored)', 'rate'],
    [{ type: 'aggregation', op: 'topk', param: { type: 'numberLiteral', val: '5' }, expr: selector('up'), grouping: ['job'], without: false } as never, 'topk by (job) (5, up)', 'topk by (job)'],
    [{ type: 'aggregation', op: 'sum', param: null, expr: selector('up'), grouping: [], without: true } as never, 'sum without () (up)', 'sum without ()'],
    [{ type: 'binaryExpr', op: '/', bool: false, lhs: selector('a'), rhs: selector('b'), matching: { card: 'many-to-one', labels: ['x'], on: true, include: ['y'], fillValues: { lhs: null, rhs: 0 } } } as never, 'a / on (x) group_left (y) fill_right (0) b', '/ on (x) group_left (y) fill_right (0)'],
    [{ type: 'binaryExpr', op: '>', bool: true, lhs: selector('a'), rhs: { type: 'numberLiteral', val: '2' }, matching: null } as never, 'a > bool 2', '> bool'],
    [{ type: 'subquery', expr: { type: 'parenExpr', expr: selector('a') }, range: 3_600_000, step: 0, stepExpr: 'step()', offset: 0 } as never, '(a)[1h:step()]', '[1h:step()]'],
    [{ type: 'subquery', expr: selector('a'), range: 3_600_000, step: 0, offset: 0 } as never, 'a[1h:]', '[1h:]'],
    [{ type: 'unaryExpr', op: '-', expr: { type: 'stringLiteral', val: 'x"y' } } as never, '-"x\\"y"', '-'],
  ]
  for (const [node, written, head] of cases) it(written, () => expect([textOf(node as never), headOf(node as never)]).toEqual([written, head]))
  it('have parts', () => expect(childrenOf(cases[6]?.[0] as never)).toHaveLength(2))
})
