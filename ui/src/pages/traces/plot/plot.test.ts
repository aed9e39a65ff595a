import { describe, expect, it } from 'vitest'
import { cellsOfSeries, levelBounds, readCells, slowCut, stepOf, totalsOf, type Cell, type Dot } from './cells'
import { atX, cellAt, cellRectangle, dotAt, durationAt, frameOf, left, nextCell, nextDot, rectangleOf, regionBetween, regionOfCells, xOf, yOf, type Step } from './frame'
import { narrowedTo, overlaps, parseRegion, regionComparison, regionCondition, windowOf, writeRegion } from './region'

const second = 1_000_000_000n
const range = { from: 1_795_272_600n * second, to: 1_795_272_900n * second }
const cell = (at: number, level: number, count = 1, errors = 0): Cell => ({ at: at * 1e9, width: 5e9, ...levelBounds(level), count, errors, slowest: null, span: null })

describe('regions', () => {
  const kept: [written: string, sql: string, traceql: string][] = [
    ['errors', `coalesce(status_code = 'ERROR', FALSE)`, 'status = error'],
    ['..,1000000..', '"duration_ns" >= 1000000', 'duration >= 1000000ns'],
    ['..,..55', '"duration_ns" < 55', 'duration < 55ns'],
    ['1795272600000000001..,..', `"start_time" >= TIMESTAMP '2026-11-21T14:50:00.000000001Z'`, ''],
    ['1795272600000000000..1795272601000000000,5..6', `"start_time" >= TIMESTAMP '2026-11-21T14:50:00.000000000Z' AND "start_time" < TIMESTAMP '2026-11-21T14:50:01.000000000Z' AND "duration_ns" >= 5 AND "duration_ns" < 6`, 'duration >= 5ns && duration < 6ns'],
  ]
  for (const [written, sql, traceql] of kept) {
    it(written, () => {
      const region = parseRegion(written)
      expect(region).not.toBeNull()
      if (!region) return
      expect(writeRegion(region)).toBe(written)
      expect(regionCondition(region).text).toBe(sql)
      expect(regionComparison(region)).toBe(traceql)
    })
  }
  for (const broken of ['', '..,..', 'x', '5..5,..', '..,9..3', '1..2', '-1..,..']) it(`refuses "${broken}"`, () => expect(parseRegion(broken)).toBeNull())

  it('narrows queries and windows', () => {
    const region = parseRegion('1795272700000000000..,7..')
    expect(region && narrowedTo('{ }', region)).toBe('{ duration >= 7ns }')
    expect(region && windowOf(region, range)).toEqual({ from: 1_795_272_700n * second, to: range.to })
    expect(region && overlaps(region, range)).toBe(true)
    expect(region && overlaps(region, { from: 0n, to: second })).toBe(false)
  })
})

describe('steps', () => {
  const cases: [seconds: number, step: number][] = [[3600, 30e9], [300, 5e9], [7 * 86_400, 7200e9], [86_400 * 365, 345_600e9], [1, 1e7], [0.00001, 100]]
  for (const [seconds, step] of cases) it(`${seconds} s`, () => expect(stepOf({ from: 0n, to: BigInt(Math.round(seconds * 1e9)) })).toBe(step))
})

describe('cells', () => {
  it('reads rows without losing nanoseconds', () => {
    const [read] = readCells([{ at: '1795272605000000000', level: 30, count: 4, errors: 1, slowest: 'ab' }], range, 5e9)
    expect(read).toMatchObject({ at: 5e9, low: 1e6, count: 4, errors: 1, slowest: 'ab' })
  })

  it('joins series of all and of failed spans', () => {
    const series = (value: number, ...samples: [number, number][]) => ({ labels: [{ key: '__bucket', value: { doubleValue: value } }], samples: samples.map(([at, count]) => ({ timestampMs: String(1_795_272_600_000 + at), value: count })) })
    const answer = (...of: ReturnType<typeof series>[]) => ({ series: of, status: 'COMPLETE' as const })
    const cells = cellsOfSeries(answer(series(0.001048576, [0, 3], [5000, 0]), series(0.002097152, [5000, 2])), answer(series(0.002097152, [5000, 1])), range, 5e9)
    expect(cells).toEqual([
      { at: 0, width: 5e9, low: 524_288, high: 1_048_576, count: 3, errors: 0, slowest: null, span: null },
      { at: 5e9, width: 5e9, low: 1_048_576, high: 2_097_152, count: 2, errors: 1, slowest: null, span: null },
    ])
    expect(totalsOf(cells)).toEqual({ count: 5, errors: 1, low: 524_288, high: 2_097_152 })
  })

  const cuts: [name: string, cells: Cell[], share: number, level: number | null][] = [
    ['none', [], 0.05, null],
    ['one level', [cell(0, 30, 9)], 0.05, null],
    ['the top level is already more', [cell(0, 30, 50), cell(0, 31, 50)], 0.05, 31],
    ['two levels fit', [cell(0, 30, 96), cell(0, 33, 2), cell(5, 34, 2)], 0.05, 33],
    ['only one fits', [cell(0, 30, 90), cell(0, 33, 8), cell(5, 34, 2)], 0.05, 34],
  ]
  for (const [name, cells, share, level] of cuts) it(`cuts the slow: ${name}`, () => expect(slowCut(cells, share)).toBe(level === null ? null : Math.round(levelBounds(level).low)))
})

describe('the frame', () => {
  const frame = frameOf(1e6, 1e9, range, 960, 222)
  it('goes there and back', () => {
    for (const at of [0, 1e11, 3e11]) expect(atX(frame, xOf(frame, at))).toBeCloseTo(at, -3)
    for (const duration of [1e6, 5e7, 1e9]) expect(durationAt(frame, yOf(frame, duration)) / duration).toBeCloseTo(1, 6)
  })
  it('finds cells and spans', () => {
    const cells = [cell(0, 30), cell(100, 36)]
    const box = cellRectangle(frame, cells[1] as Cell)
    expect(cellAt(frame, cells, { x: box.x + 1, y: box.y + 1 })).toBe(cells[1])
    expect(cellAt(frame, cells, { x: box.x + 1, y: box.y + 60 })).toBeUndefined()
    const dot: Dot = { at: 1e11, duration: 2e7, failed: false, trace: 't', span: 's', name: 'n', service: 'x' }
    expect(dotAt(frame, [dot], { x: xOf(frame, 1e11) + 5, y: yOf(frame, 2e7) - 5 })).toBe(dot)
    expect(dotAt(frame, [dot], { x: xOf(frame, 1e11) + 25, y: yOf(frame, 2e7) })).toBeUndefined()
  })
  it('selects, and opens what reaches an edge', () => {
    const inner = regionBetween(frame, range, { x: 500, y: 150 }, { x: 300, y: 60 })
    expect(inner).toMatchObject({ kind: 'box' })
    expect(inner && inner.kind === 'box' && rectangleOf(frame, range, inner)).toMatchObject({ x: expect.closeTo(300, 1), width: expect.closeTo(200, 1), y: expect.closeTo(60, 1) })
    expect(regionBetween(frame, range, { x: left + 2, y: 80 }, { x: 959, y: 0 })).toMatchObject({ from: null, to: null, high: null, low: expect.any(Number) })
    expect(regionBetween(frame, range, { x: 0, y: 0 }, { x: 960, y: 222 })).toBeNull()
  })
  it('covers cells from both ends', () => {
    const region = regionOfCells(range, cell(100, 36), cell(0, 30))
    expect(region).toMatchObject({ from: range.from, to: range.from + 105n * second, low: 1e6 })
  })
})

describe('moving by keys', () => {
  const cells = [cell(0, 30, 5), cell(0, 32), cell(10, 31), cell(20, 40)]
  const moves: [from: number, step: Step, to: number][] = [[0, 'up', 1], [1, 'down', 0], [0, 'right', 2], [2, 'right', 3], [3, 'left', 2], [3, 'right', 3], [2, 'up', 2]]
  for (const [from, step, to] of moves) it(`${from} ${step}`, () => expect(nextCell(cells, cells[from], step)).toBe(cells[to]))
  it('starts at the fullest', () => expect(nextCell(cells, undefined, 'up')).toBe(cells[0]))
  const dot = (at: number, duration: number): Dot => ({ at, duration, failed: false, trace: '', span: `${at}`, name: '', service: '' })
  const dots = [dot(0, 10), dot(5, 30), dot(9, 20)]
  const dotMoves: [from: number | null, step: Step, to: number][] = [[null, 'left', 1], [0, 'right', 1], [0, 'up', 2], [1, 'up', 1], [2, 'left', 1], [1, 'down', 2]]
  for (const [from, step, to] of dotMoves) it(`span ${from} ${step}`, () => expect(nextDot(dots, from === null ? undefined : dots[from], step)).toBe(dots[to]))
})
