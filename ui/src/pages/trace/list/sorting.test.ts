import { describe, expect, it } from 'vitest'
import { rowOfKey, spanKey } from '../selection'
import { columns } from '../testSpans'
import { makeTrace } from '../trace'
import { operations } from './operations'
import { columnIds, parseOrder, sortedRows, wantedRow, writeOrder } from './sorting'

const trace = makeTrace(columns([
  ['a', null, 0, 100, 'web', false, 'SERVER', 'page'],
  ['b', 'a', 10, 30, 'shop', true, 'CLIENT', 'pay'],
  ['c', 'a', 50, 40, 'shop', false, 'CLIENT', 'pay'],
  ['b', 'a', 15, 5, 'bank', false, 'SERVER', 'charge'],
]), 0n, false)
const all = { muted: new Set<string>(), errorsOnly: false, matches: null }
const named = (rows: Int32Array) => [...rows].map((row) => spanKey(trace.tree, row)).join(' ')

describe('span list', () => {
  const orders: [order: string, rows: string][] = [
    ['start', 'a b b~1 c'], ['-duration', 'a c b b~1'], ['-self', 'c a b b~1'], ['service', 'b~1 b c a'], ['-name', 'b c a b~1'], ['depth', 'a b c b~1'], ['kind', 'b c a b~1'],
  ]
  for (const [order, rows] of orders) {
    it(`sorts by ${order}`, () => expect(named(sortedRows(trace, wantedRow(trace, all), parseOrder(order, columnIds, { by: 'start', descending: false })))).toBe(rows))
  }
  it('leaves out what is muted, or no error, or not found', () => {
    const rows = (view: object) => named(sortedRows(trace, wantedRow(trace, { ...all, ...view }), { by: 'start', descending: false }))
    expect(rows({ muted: new Set(['shop']) })).toBe('a b~1')
    expect(rows({ errorsOnly: true })).toBe('b')
    expect(rows({ matches: new Set([0]) })).toBe('a')
  })
  it('reads and writes orders, and ignores unknown ones', () => {
    expect(writeOrder(parseOrder('-self', columnIds, { by: 'start', descending: false }))).toBe('-self')
    expect(parseOrder('-nonsense', columnIds, { by: 'start', descending: false })).toEqual({ by: 'start', descending: false })
  })
  it('sums up operations', () => {
    const found = operations(trace, wantedRow(trace, all)).find(({ name }) => name === 'pay')
    expect(found).toMatchObject({ service: 'shop', count: 2, errors: 1, total: 70, longest: 40 })
  })
})

describe('selection in the URL', () => {
  for (const row of [0, 1, 2, 3]) it(`row ${row} and back`, () => expect(rowOfKey(trace.tree, spanKey(trace.tree, row))).toBe(row))
  for (const key of ['', 'absent', 'a~3']) it(`"${key}" is no row`, () => expect(rowOfKey(trace.tree, key)).toBe(-1))
})
