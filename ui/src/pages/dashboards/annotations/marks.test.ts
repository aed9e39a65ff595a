import { describe, expect, it } from 'vitest'
import type { SqlAnswer, SqlValue } from '../../../api/types'
import { momentsMost, momentsOfMatrix, momentsOfSql, type Moment } from './marks'

const rowsOf = (columns: [name: string, type: string][], rows: SqlValue[][]): SqlAnswer =>
  ({ columns: columns.map(([name, type]) => ({ name, type })), rows, truncated: false }) as unknown as SqlAnswer

describe('moments of series', () => {
  const cases: [what: string, values: [number, string][], template: string | undefined, moments: Moment[]][] = [
    ['where it is not zero', [[0, '0'], [60, '1'], [120, '0'], [180, 'NaN']], '{{job}} went', [{ time: 60, text: 'web went' }]],
    ['a step apart are one', [[0, '1'], [60, '2'], [180, '1']], undefined, [{ time: 0, end: 60, text: 'up{job="web"}' }, { time: 180, text: 'up{job="web"}' }]],
    ['never', [[0, '0']], undefined, []],
  ]
  for (const [what, values, template, moments] of cases) it(what, () => expect(momentsOfMatrix([{ metric: { __name__: 'up', job: 'web' }, values }], 60, template)).toEqual({ moments, cut: false }))
  it('are bounded, and say so', () => {
    const values = Array.from({ length: momentsMost + 9 }, (_, at): [number, string] => [at * 1000, '1'])
    const { moments, cut } = momentsOfMatrix([{ metric: {}, values }], 60)
    expect([moments.length, moments[0]?.time, cut]).toEqual([momentsMost, 9000, true])
  })
})

describe('moments of rows', () => {
  const time = 'Timestamp(ns)'
  const cases: [what: string, columns: [string, string][], rows: SqlValue[][], template: string | undefined, moments: Moment[]][] = [
    ['with words', [['time', time], ['a', 'Utf8'], ['b', 'Int64']], [['2026-01-01T00:00:01.5Z', 'x', 3]], undefined, [{ time: 1_767_225_601.5, text: 'x · 3' }]],
    ['in their order', [['t', time], ['a', 'Utf8']], [['2026-01-01T00:00:09Z', null], ['2026-01-01T00:00:08Z', 'x']], 'is {{a}}', [{ time: 1_767_225_608, text: 'is x' }, { time: 1_767_225_609, text: 'is ' }]],
    ['that last', [['t', time], ['until', time], ['a', 'Utf8']], [['2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z', 'x'], ['2026-01-01T00:00:05Z', null, 'y']], undefined, [{ time: 1_767_225_601, end: 1_767_225_603, text: 'x' }, { time: 1_767_225_605, text: 'y' }]],
    ['without a time are none', [['a', 'Utf8']], [['x']], undefined, []],
  ]
  for (const [what, columns, rows, template, moments] of cases) it(what, () => expect(momentsOfSql(rowsOf(columns, rows), template).moments).toEqual(moments))
})
