import { describe, expect, it } from 'vitest'
import { compareBy, readOrder, writeOrder } from './sortOrder'

describe('order of a table', () => {
  for (const written of ['name', '-p95', '-last seen']) it(`${written} survives the URL`, () => expect(writeOrder(readOrder(written))).toBe(written))

  const cases: [what: string, values: (string | number | null)[], descending: boolean, sorted: (string | number | null)[]][] = [
    ['numbers upwards, none last', [3, null, 1, 2], false, [1, 2, 3, null]],
    ['numbers downwards, none still last', [3, null, 1, 2], true, [3, 2, 1, null]],
    ['names by their numbers', ['pod-10', 'pod-9', 'a'], false, ['a', 'pod-9', 'pod-10']],
    ['nothing at all', [], true, []],
    ['only absent values', [null, null], true, [null, null]],
  ]
  for (const [what, values, descending, sorted] of cases) it(what, () => expect(compareBy(values, (value) => value, descending)).toEqual(sorted))
  it('leaves rows alone without a column', () => expect(compareBy([2, 1], undefined, false)).toEqual([2, 1]))
})
