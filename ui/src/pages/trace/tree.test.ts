import { describe, expect, it } from 'vitest'
import { buildTree, flag, rowsDeeperThan, selfTime, visibleRows, type SpanColumns } from './tree'

type Written = [id: string, parent: string | null, start: number, duration: number, service?: string, error?: boolean]

function columns(spans: readonly Written[]): SpanColumns {
  return {
    ids: spans.map(([id]) => id),
    parents: spans.map(([, parent]) => parent),
    names: spans.map(([id]) => `op ${id}`),
    services: spans.map((span) => span[4] ?? 'spam'),
    starts: Float64Array.from(spans, ([, , start]) => start),
    durations: Float64Array.from(spans, ([, , , duration]) => duration),
    errors: spans.map((span) => span[5] ?? false),
  }
}

function outline(spans: readonly Written[]): string[] {
  const tree = buildTree(columns(spans))
  return Array.from({ length: tree.total }, (_, row) => {
    const span = tree.spanOf[row] ?? -1
    const marks = Object.entries(flag).filter(([, bit]) => ((tree.flags[row] ?? 0) & bit) !== 0).map(([name]) => name)
    return `${'  '.repeat(tree.depth[row] ?? 0)}${span < 0 ? '?' : tree.spans.ids[span]}${marks.length > 0 ? ` [${marks.join(' ')}]` : ''}`
  })
}

const cases: { what: string; spans: Written[]; rows: string[] }[] = [
  { what: 'nothing', spans: [], rows: [] },
  {
    what: 'children in order of start, whatever the order of arrival',
    spans: [['c', 'a', 5, 2], ['b', 'a', 1, 3], ['a', null, 0, 10], ['d', 'b', 2, 1]],
    rows: ['a', '  b', '    d', '  c'],
  },
  {
    what: 'two orphans of one lost parent share a placeholder',
    spans: [['a', null, 0, 10], ['x', 'lost', 3, 2], ['y', 'lost', 4, 1]],
    rows: ['a', '? [placeholder]', '  x [orphan]', '  y [orphan]'],
  },
  { what: 'a span that is its own parent', spans: [['a', 'a', 0, 1]], rows: ['a [selfParent]'] },
  {
    what: 'a cycle is broken at its earliest span, the rest hangs below',
    spans: [['a', 'c', 2, 9], ['b', 'a', 3, 5], ['c', 'b', 4, 1], ['d', 'b', 5, 1]],
    rows: ['a [cycle]', '  b', '    c', '    d'],
  },
  { what: 'a child before its parent is skew', spans: [['a', null, 5, 10], ['b', 'a', 0, 3]], rows: ['a', '  b [skew]'] },
  {
    what: 'a repeated id keeps both spans',
    spans: [['a', null, 0, 10], ['b', 'a', 1, 1], ['b', 'a', 2, 1]],
    rows: ['a', '  b', '  b [duplicate]'],
  },
  { what: 'several roots', spans: [['b', null, 4, 1], ['a', null, 0, 1]], rows: ['a', 'b'] },
]

describe('buildTree', () => {
  for (const { what, spans, rows } of cases) it(what, () => expect(outline(spans)).toEqual(rows))

  it('sums up', () => {
    const tree = buildTree(columns([['a', null, 0, 10], ['b', 'a', 1, 30, 'eggs', true], ['x', 'lost', 3, 2]]))
    expect(tree).toMatchObject({ depthMost: 2, errorCount: 1, extent: 31, serviceNames: ['spam', 'eggs'] })
    expect(tree.problems).toMatchObject({ missingParents: 1, orphans: 1, roots: 1 })
    expect([...tree.errorsBelow]).toEqual([1, 1, 0, 0])
  })

  it('lays out a chain of 100,000 spans without overflowing, quickly', () => {
    const chain: Written[] = Array.from({ length: 100_000 }, (_, index) => [`s${index}`, index === 0 ? null : `s${index - 1}`, index, 5])
    const spans = columns(chain)
    const begun = performance.now()
    expect(buildTree(spans).depthMost).toBe(100_000)
    expect(performance.now() - begun).toBeLessThan(1500)
  })
})

describe('views', () => {
  const tree = buildTree(columns([['a', null, 0, 10], ['b', 'a', 1, 3, 'eggs'], ['c', 'b', 2, 1, 'spam', true], ['d', 'a', 5, 4]]))
  const names = (rows: Int32Array) => [...rows].map((row) => tree.spans.ids[tree.spanOf[row] ?? 0]).join('')
  const open = { collapsed: new Set<number>(), hiddenServices: new Set<string>(), errorsOnly: false }

  it('collapses', () => expect(names(visibleRows(tree, { ...open, collapsed: new Set([1]) }))).toBe('abd'))
  it('hides services but not their children', () => expect(names(visibleRows(tree, { ...open, hiddenServices: new Set(['eggs']) }))).toBe('acd'))
  it('keeps paths to errors', () => expect(names(visibleRows(tree, { ...open, errorsOnly: true }))).toBe('abc'))
  it('collapses at a depth', () => expect([...rowsDeeperThan(tree, 1)]).toEqual([1]))
  it('subtracts children from self time', () => expect(selfTime(tree, 0)).toBe(3))
})
