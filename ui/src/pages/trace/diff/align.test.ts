import { describe, expect, it } from 'vitest'
import { columns, type Written } from '../testSpans'
import { makeTrace } from '../trace'
import { align, changeOf } from './align'

const trace = (spans: Written[]) => makeTrace(columns(spans), 0n, false)
const span = (id: string, parent: string | null, name: string, start: number, duration: number, error = false): Written => [id, parent, start, duration, 'web', error, 'INTERNAL', name]

const cases: { what: string; left: Written[]; right: Written[]; lines: string[] }[] = [
  { what: 'nothing and nothing', left: [], right: [], lines: [] },
  { what: 'the same', left: [span('a', null, 'page', 0, 10)], right: [span('z', null, 'page', 0, 10)], lines: ['page 1/1 10/10 same'] },
  {
    what: 'one more, one less, and more calls',
    left: [span('a', null, 'page', 0, 100), span('b', 'a', 'auth', 1, 10), span('c', 'a', 'query', 20, 5)],
    right: [span('a', null, 'page', 0, 190), span('c', 'a', 'query', 20, 5), span('d', 'a', 'query', 30, 5), span('e', 'a', 'cache', 40, 20), span('f', 'e', 'query', 41, 2)],
    lines: ['page 1/1 100/190 slower', '  auth 1/0 10/0 removed', '  query 1/2 5/10 count', '  cache 0/1 0/20 added', '    query 0/1 0/2 added'],
  },
  {
    what: 'small differences are noise',
    left: [span('a', null, 'page', 0, 100000), span('b', 'a', 'auth', 1, 50), span('c', 'a', 'work', 100, 20000)],
    right: [span('a', null, 'page', 0, 100500), span('b', 'a', 'auth', 1, 90), span('c', 'a', 'work', 100, 9000)],
    lines: ['page 1/1 100000/100500 same', '  auth 1/1 50/90 same', '  work 1/1 20000/9000 faster'],
  },
]

describe('diff of two traces', () => {
  for (const { what, left, right, lines } of cases) {
    it(what, () => {
      const [first, second] = [trace(left), trace(right)]
      const extent = Math.max(first.tree.extent, second.tree.extent)
      expect(align(first, second).map((node) => `${'  '.repeat(node.depth)}${node.name} ${node.left.count}/${node.right.count} ${node.left.total}/${node.right.total} ${changeOf(node, extent)}`)).toEqual(lines)
    })
  }
})
