import { describe, expect, it, vi } from 'vitest'
import type { SqlAnswer } from '../../../api/types'
import type { Panel, Reducer, Transform } from '../model/document'
import { linesOfInstant, linesOfMatrix, linesOfSql, tableOfInstant, tableOfLines, tableOfSql, together, type Table } from './data'
import { grid, prepare } from './prepare'
import { bandOf, recordsOf } from './records'
import { reduceValues } from './reduce'
import { cssColour, lookFor, showValue } from './shown'
import { transformed } from './transform'
import { bestAcross, endsOf, readings, share } from './values'

// Units have tests of their own; here only what reaches them matters.
vi.mock('../../../promql/units', () => ({ format: (value: number, unit?: string, decimals?: number) => `${decimals === undefined ? value : value.toFixed(decimals)}${unit ?? ''}` }))

const panel = (more: Partial<Panel> = {}): Panel => ({ id: 1, type: 'stat', title: '', place: { x: 0, y: 0, w: 6, h: 4 }, queries: [], ...more })
const steps = { start: 0, end: 120, step: 60 }

describe('answers become lines', () => {
  it('of a range', () => {
    const { times, lines, total } = linesOfMatrix([{ metric: { job: 'a' }, values: [[0, '1'], [120, '3']] }, { metric: { job: 'b' }, values: [[60, 'NaN']] }], steps, { ref: 'A', legend: '{{job}}!' })
    expect([times, lines.map(({ label, values, ref }) => [ref, label, values]), total]).toEqual([[0, 60, 120], [['A', 'a!', [1, null, 3]], ['A', 'b!', [null, null, null]]], 2])
  })
  it('of an instant', () => {
    const data = { resultType: 'vector' as const, result: [{ metric: { job: 'a' }, value: [5, '2'] as const }] }
    expect(linesOfInstant(data, 120, { ref: 'B' }).lines[0]).toMatchObject({ ref: 'B', values: [2] })
    expect(tableOfInstant(data, 120, 'B', false)).toEqual({ columns: [{ name: 'Time', kind: 'time', ref: 'B' }, { name: 'job', kind: 'text', ref: 'B' }, { name: 'Value #B', kind: 'number', ref: 'B' }], rows: [[120_000, 'a', 2]] })
  })
  const answer = (columns: [string, string][], rows: SqlAnswer['rows']): SqlAnswer => ({ columns: columns.map(([name, type]) => ({ name, type })), rows, truncated: false, stats: {} as SqlAnswer['stats'] })
  const sql: [string, SqlAnswer, unknown][] = [
    ['with a time and a text', answer([['time', 'Timestamp(ns)'], ['svc', 'Utf8'], ['n', 'Int64']], [['1970-01-01T00:01:00Z', 'a', 2], ['1970-01-01T00:00:00Z', 'a', '1'], ['1970-01-01T00:00:00Z', 'b', null]]), { times: [0, 60], lines: [['a', [1, 2]], ['b', [null, null]]] }],
    ['with two numbers', answer([['time', 'Timestamp(ns)'], ['n', 'Int64'], ['m', 'Float64']], [['1970-01-01T00:00:00Z', 1, 0.5]]), { times: [0], lines: [['n', [1]], ['m', [0.5]]] }],
    ['without a time', answer([['svc', 'Utf8'], ['n', 'Int64']], [['a', 1], ['b', 2]]), { times: [0], lines: [['a', [1]], ['b', [2]]] }],
  ]
  for (const [name, given, expected] of sql) {
    it(`of SQL ${name}`, () => {
      const { times, lines } = linesOfSql(given, { ref: 'A' })
      expect({ times, lines: lines.map(({ label, values }) => [label, values]) }).toEqual(expected)
    })
  }
  it('keeps kinds of columns', () => expect(tableOfSql(answer([['t', 'Timestamp(ns)'], ['n', 'Int64'], ['l', 'List(Utf8)']], [['1970-01-01T00:00:01Z', '5', ['x']]]), 'A')).toEqual({ columns: [{ name: 't', ref: 'A', kind: 'time' }, { name: 'n', ref: 'A', kind: 'number' }, { name: 'l', ref: 'A', kind: 'text' }], rows: [[1000, 5, '["x"]']] }))
  it('puts different times on one axis', () => {
    const line = (ref: string, values: (number | null)[]) => ({ id: ref, ref, label: ref, labels: {}, values })
    expect(together([{ times: [0, 60], lines: [line('A', [1, 2])], total: 1 }, { times: [60], lines: [line('B', [9])], total: 1 }]).lines.map(({ values }) => values)).toEqual([[1, 2], [null, 9]])
  })
  it('lists points newest first', () => expect(tableOfLines({ times: [0, 60], lines: [{ id: 'a', ref: 'A', label: 'a', labels: { j: 'x' }, values: [1, null] }], total: 1 }, 'A', true).rows).toEqual([[0, 'x', 1]]))
})

describe('one number of many', () => {
  const cases: [Reducer, (number | null)[], number | null][] = [
    ['last', [1, 2, null], 2], ['first', [null, 1, 2], 1], ['mean', [1, 2, null, 3], 2], ['min', [3, 1], 1], ['max', [3, 1], 3], ['sum', [1, 2], 3], ['count', [1, null], 1], ['count', [], 0],
    ['range', [1, 5, 3], 4], ['delta', [5, 7, 1, 2], 4], ['median', [1, 3, 2, 10], 2.5], ['p95', [0, 100], 95], ['last', [null], null],
  ]
  for (const [reducer, values, expected] of cases) it(`${reducer} of ${values.join()}`, () => expect(reduceValues(values, reducer)).toBe(expected))
})

describe('transformations', () => {
  const one: Table = { columns: [{ name: 'Time', kind: 'time' }, { name: 'job', kind: 'text' }, { name: 'Value #A', kind: 'number' }], rows: [[1, 'a', 10], [1, 'b', 20]] }
  const two: Table = { columns: [{ name: 'Time', kind: 'time' }, { name: 'job', kind: 'text' }, { name: 'zone', kind: 'text' }, { name: 'Value #B', kind: 'number' }], rows: [[1, 'a', 'x', 1], [1, 'c', 'y', 3]] }
  const lines = [{ id: 'l', ref: 'A', label: 'l', labels: {}, values: [1, 3] }]
  const cases: [string, Transform[], string[][]][] = [
    ['merge', [{ kind: 'merge' }], [['Time', 'job', 'zone', 'Value #A', 'Value #B'], ['1', 'a', 'x', '10', '1'], ['1', 'b', '', '20', ''], ['1', 'c', 'y', '', '3']]],
    ['merge, organize and sort', [{ kind: 'merge' }, { kind: 'organize', hide: ['Time', 'zone'], order: ['Value #B', 'job'], rename: { 'Value #A': 'A' } }, { kind: 'sort', field: 'A', descending: true }], [['Value #B', 'job', 'A'], ['', 'b', '20'], ['1', 'a', '10'], ['3', 'c', '']]],
    ['reduce', [{ kind: 'reduce', reducers: ['max', 'mean'] }], [['Field', 'Max', 'Mean'], ['l', '3', '2']]],
    ['limit and keep', [{ kind: 'merge' }, { kind: 'limit', rows: 1 }, { kind: 'keep', names: ['job'], pattern: '#A$' }], [['job', 'Value #A'], ['a', '10']]],
  ]
  for (const [name, list, expected] of cases) {
    it(name, () => {
      const [table] = transformed([one, two], lines, list)
      expect([table?.columns.map((column) => column.name), ...(table?.rows ?? []).map((row) => row.map((cell) => String(cell ?? '')))]).toEqual(expected)
    })
  }
})

describe('how values look', () => {
  const look = (more: Partial<Panel>, name = 'x') => lookFor(panel(more), { name, ref: 'A' })
  const thresholds = [{ from: null, colour: 'green' }, { from: 80, colour: 'red' }]
  const cases: [string, string | number | null, Partial<Panel>, string, string | undefined][] = [
    ['plainly', 5, { unit: 's' }, '5s', undefined],
    ['with decimals', 5, { decimals: 2 }, '5.00', undefined],
    ['by a threshold', 80, { thresholds }, '80', 'var(--error)'],
    ['below all thresholds', 79, { thresholds }, '79', 'var(--ok)'],
    ['by a share of the range', 9, { thresholds, thresholdsIn: 'percent', min: 0, max: 10 }, '9', 'var(--error)'],
    ['by its value', 0, { mappings: [{ kind: 'value', value: '0', text: 'down', colour: 'red' }] }, 'down', 'var(--error)'],
    ['by its range', 3, { mappings: [{ kind: 'range', from: 1, to: null, text: 'up' }] }, 'up', undefined],
    ['by an expression', 'web-1', { mappings: [{ kind: 'regex', pattern: '/^web/', text: 'web' }] }, 'web', undefined],
    ['where there is none', null, {}, '–', undefined],
    ['where there is none, in words', null, { noValue: 'none' }, 'none', undefined],
    ['where there is none, by mapping', null, { mappings: [{ kind: 'special', match: 'null', text: 'N/A' }] }, 'N/A', undefined],
    ['by an override of its name', 5, { unit: 's', overrides: [{ by: 'name', match: 'x', unit: 'B' }] }, '5B', undefined],
    ['not by an override of another', 5, { unit: 's', overrides: [{ by: 'regex', match: '^y', unit: 'B' }] }, '5s', undefined],
    ['by an override of its query', 5, { overrides: [{ by: 'query', match: 'A', decimals: 1 }] }, '5.0', undefined],
  ]
  for (const [name, value, more, text, colour] of cases) it(name, () => expect(showValue(value, look(more))).toEqual(colour ? { text, colour } : { text }))
  const colours: [string, string][] = [['green', 'var(--ok)'], ['#a1b2c3', '#a1b2c3'], ['url(x)', 'var(--quiet)'], ['red;', 'var(--quiet)']]
  for (const [colour, expected] of colours) it(`colour ${colour}`, () => expect(cssColour(colour)).toBe(expected))
  it('reads one number of each line, but not of hidden ones', () => {
    const lines = [{ id: '1', ref: 'A', label: 'one', labels: {}, values: [1, 2] }, { id: '2', ref: 'A', label: 'two', labels: {}, values: [3] }]
    const read = readings(panel({ reduce: 'max', overrides: [{ by: 'name', match: 'two', hidden: true }, { by: 'name', match: 'one', name: 'First' }] }), { lines, tables: [] })
    expect(read.map(({ label, value, text }) => [label, value, text])).toEqual([['First', 2, '2']])
  })
  const ends: [Partial<Panel>, number[], { min: number; max: number }][] = [[{ unit: 'percent' }, [3], { min: 0, max: 100 }], [{ unit: 'percentunit' }, [0.2], { min: 0, max: 1 }], [{}, [3, 8], { min: 0, max: 8 }], [{ min: 2, max: 4 }, [9], { min: 2, max: 4 }], [{}, [], { min: 0, max: 1 }], [{}, [-5], { min: -5, max: 0 }]]
  for (const [more, values, expected] of ends) it(`ends of ${JSON.stringify(more)} ${values.join()}`, () => expect(endsOf(panel(more), values)).toEqual(expected))
  it('measures the way between the ends', () => expect([share(5, { min: 0, max: 10 }), share(50, { min: 0, max: 10 }), share(null, { min: 0, max: 1 })]).toEqual([0.5, 1, 0]))
  const rooms: [number, number, number, number, number][] = [[1, 300, 100, 1, 1], [6, 300, 200, 1, 3], [4, 100, 400, 1, 1], [4, 800, 100, 2, 4]]
  for (const [count, width, height, shape, expected] of rooms) it(`${count} in ${width} by ${height}`, () => expect(bestAcross(count, width, height, shape)).toBe(expected))
})

describe('questions', () => {
  const range = { from: 1_700_000_010_000_000_000n, to: 1_700_003_610_000_000_000n }
  it('have one step, of the largest smallest one, and times that are multiples of it', () => {
    const queries = [{ ref: 'A', language: 'promql' as const, query: 'rate(x[$__rate_interval])' }, { ref: 'B', language: 'promql' as const, query: 'y', step: '2m', hidden: true }]
    const made = prepare(panel({ queries, minInterval: '30s' }), { range, scope: {}, points: 1000 })
    expect(made.steps).toEqual({ start: 1_700_000_000 - (1_700_000_000 % 120), end: 1_700_003_610 - (1_700_003_610 % 120), step: 120 })
    expect(made.questions).toEqual([{ ref: 'A', language: 'promql', text: 'rate(x[4m])', instant: false }])
  })
  it('stand still while time moves less than a step', () => {
    const later = { from: range.from + 1_000_000_000n, to: range.to + 1_000_000_000n }
    expect(grid(later, 60)).toEqual(grid(range, 60))
  })
})

describe('log records', () => {
  const bands: [string, string][] = [['ERROR', 'ERROR'], ['warning', 'WARN'], ['critical', 'FATAL'], ['info2', 'INFO'], ['x', '']]
  for (const [text, band] of bands) it(text, () => expect(bandOf(text)).toBe(band))
  it('are found by the usual names of columns', () =>
    expect(recordsOf([{ columns: [{ name: 'ts', kind: 'time' }, { name: 'Level', kind: 'text' }, { name: 'body', kind: 'text' }], rows: [[5, 'WARN', 'b']] }])).toEqual([{ time: 5, severity: { text: 'WARN', band: 'WARN' }, service: '', body: 'b', traceId: '' }]))
})
