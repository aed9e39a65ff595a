import { describe, expect, it } from 'vitest'
import { criticalPath, timeOnPath } from './critical'
import { findGroups, joinedBars } from './groups'
import { selfTimes } from './selfTime'
import { columns, type Written } from './testSpans'
import { makeTrace, packTrace, unpackTrace } from './trace'
import { buildTree, flag } from './tree'
import { hiding, rowsDeeperThan, visibleRows, type View } from './view'

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
  { what: 'a trace without a root', spans: [['x', 'lost', 0, 2], ['y', 'x', 1, 1]], rows: ['? [placeholder]', '  x [orphan]', '    y'] },
  { what: 'a span that is its own parent', spans: [['a', 'a', 0, 1]], rows: ['a [selfParent]'] },
  {
    what: 'a cycle is broken at its earliest span, the rest hangs below',
    spans: [['a', 'c', 2, 9], ['b', 'a', 3, 5], ['c', 'b', 4, 1], ['d', 'b', 5, 1]],
    rows: ['a [cycle]', '  b', '    c', '    d'],
  },
  {
    what: 'two cycles, and a tail that leads into one',
    spans: [['t', 'a', 0, 1], ['a', 'b', 1, 9], ['b', 'a', 2, 5], ['c', 'd', 3, 4], ['d', 'c', 4, 1]],
    rows: ['a [cycle]', '  t [skew]', '  b', 'c [cycle]', '  d'],
  },
  { what: 'a child before its parent is skew', spans: [['a', null, 5, 10], ['b', 'a', 0, 3]], rows: ['a', '  b [skew]'] },
  { what: 'a child that ends after its parent outlives it', spans: [['a', null, 0, 10], ['b', 'a', 4, 9]], rows: ['a', '  b [outlives]'] },
  { what: 'the same span twice is one', spans: [['a', null, 0, 10], ['b', 'a', 1, 1], ['b', 'a', 1, 1]], rows: ['a', '  b'] },
  {
    what: 'a repeated id with other content keeps both spans',
    spans: [['a', null, 0, 10], ['b', 'a', 1, 1], ['b', 'a', 2, 1]],
    rows: ['a', '  b', '  b [duplicate]'],
  },
  {
    what: 'client and server that share an id are two, and the server\'s work is below the server',
    spans: [['a', null, 0, 20], ['b', 'a', 1, 10, 'web', false, 'CLIENT'], ['b', 'a', 2, 8, 'db', false, 'SERVER'], ['c', 'b', 3, 1, 'db'], ['d', 'b', 4, 1, 'web']],
    rows: ['a', '  b', '    b [shared]', '      c', '    d'],
  },
  { what: 'a server that arrived before its client', spans: [['b', null, 2, 8, 'db', false, 'SERVER'], ['b', null, 1, 10, 'web', false, 'CLIENT']], rows: ['b [shared]', '  b'] },
  { what: 'several roots', spans: [['b', null, 4, 1], ['a', null, 0, 1]], rows: ['a', 'b'] },
]

describe('buildTree', () => {
  for (const { what, spans, rows } of cases) it(what, () => expect(outline(spans)).toEqual(rows))

  it('sums up', () => {
    const tree = buildTree(columns([['a', null, 0, 10], ['b', 'a', 1, 30, 'eggs', true], ['x', 'lost', 3, 2], ['x', 'lost', 3, 2]]))
    expect(tree).toMatchObject({ depthMost: 2, errorCount: 1, extent: 31, serviceNames: ['spam', 'eggs'], spanCount: 3 })
    expect(tree.problems).toMatchObject({ missingParents: 1, orphans: 1, roots: 1, repeated: 1, outlives: 1 })
    expect([...tree.errorsBelow]).toEqual([1, 1, 0, 0])
    expect([...tree.rowOfSpan]).toEqual([0, 1, 3, 3])
  })

  const shapes: [what: string, parentOf: (index: number) => number][] = [
    ['chain', (index) => index - 1],
    ['fan', () => 0],
    ['cycle', (index) => (index + 99_999) % 100_000],
  ]
  for (const [what, parentOf] of shapes) {
    it(`computes a ${what} of 100,000 spans without overflowing, quickly`, () => {
      const spans = columns(Array.from({ length: 100_000 }, (_, index): Written => [`s${index}`, index === 0 && what !== 'cycle' ? null : `s${parentOf(index)}`, index, 5]))
      const begun = performance.now()
      expect(makeTrace(spans, 0n, false).tree.spanCount).toBe(100_000)
      expect(performance.now() - begun).toBeLessThan(1500)
    })
  }
})

describe('criticalPath', () => {
  const paths: { what: string; spans: Written[]; segments: string[] }[] = [
    { what: 'one span', spans: [['a', null, 0, 10]], segments: ['a 0-10'] },
    { what: 'a child and the rest', spans: [['a', null, 0, 10], ['b', 'a', 2, 5]], segments: ['a 0-2', 'a 7-10', 'b 2-7'] },
    {
      what: 'of parallel children the last to finish, then the one before it',
      spans: [['a', null, 0, 100], ['b', 'a', 10, 30], ['c', 'a', 20, 60], ['d', 'a', 5, 10]],
      segments: ['a 0-5', 'a 15-20', 'a 80-100', 'd 5-15', 'c 20-80'],
    },
    {
      what: 'down to grandchildren',
      spans: [['a', null, 0, 10], ['b', 'a', 1, 8], ['c', 'b', 3, 4]],
      segments: ['a 0-1', 'a 9-10', 'b 1-3', 'b 7-9', 'c 3-7'],
    },
    { what: 'a child that outlives its parent is cut', spans: [['a', null, 0, 10], ['b', 'a', 6, 20]], segments: ['a 0-6', 'b 6-10'] },
    { what: 'a child outside its parent does not count', spans: [['a', null, 0, 10], ['b', 'a', 12, 5]], segments: ['a 0-10'] },
    { what: 'no root: below the placeholder', spans: [['x', 'lost', 0, 4], ['y', 'lost', 5, 3]], segments: ['x 0-4', 'y 5-8'] },
    { what: 'of several roots the longest', spans: [['a', null, 0, 3], ['b', null, 1, 9]], segments: ['b 1-10'] },
  ]
  for (const { what, spans, segments } of paths) {
    it(what, () => {
      const tree = buildTree(columns(spans))
      const path = criticalPath(tree)
      expect([...path.rows].map((row, index) => `${tree.spans.ids[tree.spanOf[row] ?? 0]} ${path.from[index]}-${path.to[index]}`)).toEqual(segments)
      expect([...new Set(path.rows)].reduce((total, row) => total + timeOnPath(path, row), 0)).toBe(path.time)
    })
  }
})

describe('views', () => {
  const tree = buildTree(columns([['a', null, 0, 10], ['b', 'a', 1, 3, 'eggs'], ['c', 'b', 2, 1, 'spam', true], ['d', 'a', 5, 4]]))
  const names = (rows: Int32Array, of = tree) => [...rows].map((row) => of.spans.ids[of.spanOf[row] ?? 0]).join('')
  const open: View = { collapsed: new Set<number>(), hiddenServices: new Set<string>(), errorsOnly: false, folded: () => false }
  const groups = findGroups(tree)

  it('collapses', () => expect(names(visibleRows(tree, groups, { ...open, collapsed: new Set([1]) }))).toBe('abd'))
  it('hides services but not their children', () => expect(names(visibleRows(tree, groups, { ...open, hiddenServices: new Set(['eggs']) }))).toBe('acd'))
  it('keeps paths to errors', () => expect(names(visibleRows(tree, groups, { ...open, errorsOnly: true }))).toBe('abc'))
  it('collapses at a depth', () => expect([...rowsDeeperThan(tree, 1)]).toEqual([1]))
  it('subtracts children from self time', () => expect([...selfTimes(tree)]).toEqual([3, 2, 1, 4]))

  it('folds repeated siblings, and says what must open to see one', () => {
    const repeats: Written[] = Array.from({ length: 9 }, (_, index) => [`r${index}`, 'a', index * 10, 4, 'db', index === 4, 'CLIENT', 'SELECT'])
    const many = buildTree(columns([['a', null, 0, 100], ...repeats, ['z', 'r4', 41, 1], ['e', 'a', 95, 1]]))
    const found = findGroups(many)
    expect(found.list).toMatchObject([{ head: 1, spans: 10, errors: 1, total: 36, shortest: 4, longest: 4 }])
    expect(names(visibleRows(many, found, { ...open, folded: () => true }), many)).toBe('ar0e')
    expect(names(visibleRows(many, found, { ...open, folded: () => true, errorsOnly: true }), many)).toBe('ar0')
    expect(hiding(many, found, 6)).toEqual({ rows: [5, 0], groups: [0] })
    expect(hiding(many, found, 1)).toEqual({ rows: [0], groups: [] })
    expect(joinedBars(many, found.list[0] as never, 7)).toEqual([
      { from: 0, to: 34, error: false }, { from: 40, to: 44, error: true }, { from: 50, to: 84, error: false },
    ])
  })

  it('crosses to a worker and back unchanged', () => {
    const trace = makeTrace(columns([['a', null, 0, 10], ['b', 'a', 1, 3, 'eggs', true]]), 7n, true)
    expect(unpackTrace(packTrace(trace).packed)).toEqual(trace)
    const nothing = makeTrace(columns([]), 0n, false)
    expect(unpackTrace(packTrace(nothing).packed)).toEqual(nothing)
  })
})
