import { describe, expect, it } from 'vitest'
import { columns, type Written } from '../testSpans'
import { makeTrace } from '../trace'
import { frameAt, framesByOperation, framesByTime, neighbour, type Frames } from './frames'

const spans: Written[] = [
  ['a', null, 0, 100, 'web', false, 'SERVER', 'page'],
  ['b', 'a', 10, 30, 'web', false, 'CLIENT', 'call'],
  ['c', 'a', 20, 40, 'web', true, 'CLIENT', 'call'],
  ['d', 'c', 25, 10, 'db', false, 'SERVER', 'query'],
  ['e', 'a', 70, 20, 'web', false, 'INTERNAL', 'render'],
]
const trace = makeTrace(columns(spans), 0n, false)
const written = (frames: Frames) => Array.from(frames.row, (row, frame) => `${trace.tree.spans.ids[trace.tree.spanOf[row] ?? 0]} ${frames.lane[frame]}: ${frames.from[frame]}-${frames.to[frame]} x${frames.spans[frame]}`)

describe('flamegraph', () => {
  it('puts parallel spans into lanes of their own', () => {
    expect(written(framesByTime(trace))).toEqual(['a 0: 0-100 x1', 'b 1: 10-40 x1', 'c 2: 20-60 x1', 'd 3: 25-35 x1', 'e 1: 70-90 x1'])
  })
  it('merges by path, sized by own time', () => {
    // own times: a 30, b 30, c 30, d 10, e 20
    expect(written(framesByOperation(trace))).toEqual(['a 0: 0-120 x1', 'c 1: 0-70 x2', 'd 2: 0-10 x1', 'e 1: 70-90 x1'])
    expect([...framesByOperation(trace).errors]).toEqual([0, 1, 0, 0])
  })
  const frames = framesByTime(trace)
  const hits: [lane: number, time: number, frame: number][] = [[0, 50, 0], [1, 15, 1], [1, 50, -1], [1, 80, 4], [9, 1, -1]]
  for (const [lane, time, frame] of hits) it(`finds what is at ${time} in lane ${lane}`, () => expect(frameAt(frames, lane, time, 0)).toBe(frame))
  const moves: [from: number, direction: 'up' | 'down' | 'left' | 'right', to: number][] = [[-1, 'down', 0], [0, 'down', 2], [2, 'up', 0], [0, 'up', -1], [1, 'right', 4], [4, 'right', -1], [4, 'left', 1]]
  for (const [from, direction, to] of moves) it(`goes ${direction} from ${from}`, () => expect(neighbour(frames, from, direction)).toBe(to))
})
