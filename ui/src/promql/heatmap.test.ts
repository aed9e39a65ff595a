import { describe, expect, it } from 'vitest'
import { cellsOf, rowOf, rowsOfSeries } from './heatmap'

const steps = { start: 0, end: 10, step: 10 }

describe('buckets as cells', () => {
  it('takes the difference of classic ones, in the order of their bounds', () => {
    const cells = cellsOf([
      { metric: { le: '+Inf' }, values: [[0, '6'], [10, '3']] }, { metric: { le: '1' }, values: [[0, '5'], [10, '3']] },
      { metric: { le: '0.1' }, values: [[0, '2']] }, { metric: { le: '0.01' }, values: [[0, '0'], [10, '0']] }, { metric: { le: '0.001' }, values: [[0, '0']] },
    ], steps)
    expect(cells.bounds).toEqual([[0.001, 0.01], [0.01, 0.1], [0.1, 1], [1, Infinity]])
    expect(cells.counts).toEqual([[0, 0], [2, 0], [3, 3], [1, 0]])
    expect(cells.most).toBe(3)
  })
  it('adds up series of one bound', () => {
    const cells = cellsOf([{ metric: { le: '1', a: '1' }, values: [[0, '2'], [10, '1']] }, { metric: { le: '1', a: '2' }, values: [[0, '3']] }, { metric: { le: '+Inf' }, values: [[0, '6'], [10, '1']] }], steps)
    expect(cells.counts).toEqual([[5, 1], [1, 0]])
  })
  it('makes rows of series without bounds, under their names', () => {
    const cells = rowsOfSeries([{ metric: { zone: 'a' }, values: [[10, '4']] }, { metric: { zone: 'b' }, values: [[0, '2'], [10, 'NaN']] }], steps)
    expect([cells.labels, cells.counts, cells.most]).toEqual([['a', 'b'], [[0, 4], [2, 0]], 4])
  })
  it('adds native ones up', () => {
    const histogram = { count: '3', sum: '1', buckets: [[0, '1', '2', '2'], [0, '2', '4', '1']] as [number, string, string, string][] }
    const cells = cellsOf([{ metric: {}, histograms: [[10, histogram]] }, { metric: {}, histograms: [[10, histogram]] }], steps)
    expect([cells.bounds, cells.counts]).toEqual([[[1, 2], [2, 4]], [[0, 4], [0, 2]]])
  })
  it('has no rows where nothing was observed', () => expect(cellsOf([{ metric: { le: '1' }, values: [[0, '0']] }], steps).bounds).toEqual([]))
  it('knows where a value lies', () => expect([0.5, 1, 3, 9].map((value) => rowOf({ bounds: [[0, 1], [1, 5]] }, value))).toEqual([0.5, 1, 1.5, null]))
})
