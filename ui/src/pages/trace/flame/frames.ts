// Boxes of the flamegraph: every span over time, or spans of one operation and path together.
import { nameOf, serviceOf } from '../tree'
import type { Trace } from '../trace'

export interface Frames {
  from: Float64Array // nanoseconds
  to: Float64Array
  lane: Int32Array
  parent: Int32Array
  row: Int32Array // the row a frame stands for: its span, or the longest of its spans
  spans: Int32Array
  errors: Uint8Array
  frameOf: Int32Array // row to frame
  lanes: readonly Int32Array[] // frames of each lane, left to right
  extent: number
}

const mostLanesTried = 64

// A span goes into the first lane below its parent that is free, so that parallel work shows side by side.
export function framesByTime({ tree }: Trace): Frames {
  const lane = new Int32Array(tree.total)
  const busyUntil: number[] = []
  for (let row = 0; row < tree.total; row += 1) {
    const parent = tree.parentRow[row] as number
    const top = parent < 0 ? 0 : (lane[parent] as number) + 1
    const start = tree.start[row] as number
    let at = top
    while (at < top + mostLanesTried && (busyUntil[at] ?? 0) > start) at += 1
    lane[row] = at
    for (let below = busyUntil.length; below < at; below += 1) busyUntil[below] = 0
    busyUntil[at] = Math.max(busyUntil[at] ?? 0, start + (tree.duration[row] as number))
  }
  const every = Int32Array.from({ length: tree.total }, (_, row) => row)
  return sortIntoLanes({
    lane, from: tree.start, to: tree.start.map((start, row) => start + (tree.duration[row] as number)),
    parent: tree.parentRow, row: every, frameOf: every, spans: new Int32Array(tree.total).fill(1),
    errors: Uint8Array.from(tree.spanOf, (span) => (span >= 0 && tree.spans.errors[span] ? 1 : 0)), extent: tree.extent,
  })
}

interface Merged {
  parent: number[]
  row: number[]
  depth: number[]
  spans: number[]
  errors: number[]
  time: number[]
}

// Widths are own time summed over a frame and all below it, so that children never exceed their parent.
export function framesByOperation({ tree, self }: Trace): Frames {
  const merged: Merged = { parent: [], row: [], depth: [], spans: [], errors: [], time: [] }
  const frameOf = new Int32Array(tree.total)
  const known = new Map<string, number>()
  for (let row = 0; row < tree.total; row += 1) {
    const above = tree.parentRow[row] as number
    const parent = above < 0 ? -1 : (frameOf[above] as number)
    const key = `${parent}\n${serviceOf(tree, row)}\n${nameOf(tree, row)}`
    let frame = known.get(key)
    if (frame === undefined) {
      frame = merged.parent.length
      known.set(key, frame)
      merged.parent.push(parent)
      merged.row.push(row)
      merged.depth.push(tree.depth[row] as number)
      merged.spans.push(0)
      merged.errors.push(0)
      merged.time.push(0)
    }
    frameOf[row] = frame
    merged.spans[frame] = (merged.spans[frame] as number) + 1
    merged.time[frame] = (merged.time[frame] as number) + (self[row] as number)
    if (tree.spans.errors[tree.spanOf[row] as number]) merged.errors[frame] = 1
    if ((tree.duration[row] as number) > (tree.duration[merged.row[frame] as number] as number)) merged.row[frame] = row
  }
  return place(merged, frameOf)
}

function place({ parent, row, depth, spans, errors, time }: Merged, frameOf: Int32Array): Frames {
  for (let frame = time.length - 1; frame >= 0; frame -= 1) {
    const above = parent[frame] as number
    if (above >= 0) time[above] = (time[above] as number) + (time[frame] as number)
  }
  const from = new Float64Array(time.length)
  const next = new Float64Array(time.length)
  let extent = 0
  // Widest first; a parent is at least as wide as its children and older, so it is placed before them.
  const order = time.map((_, frame) => frame).sort((left, right) => (time[right] as number) - (time[left] as number) || left - right)
  for (const frame of order) {
    const above = parent[frame] as number
    const at = above < 0 ? extent : (next[above] as number)
    from[frame] = at
    next[frame] = at
    if (above < 0) extent += time[frame] as number
    else next[above] = at + (time[frame] as number)
  }
  return sortIntoLanes({
    from, to: from.map((at, frame) => at + (time[frame] as number)), lane: Int32Array.from(depth), parent: Int32Array.from(parent),
    row: Int32Array.from(row), spans: Int32Array.from(spans), errors: Uint8Array.from(errors), frameOf, extent,
  })
}

function sortIntoLanes(frames: Omit<Frames, 'lanes'>): Frames {
  const lists: number[][] = []
  frames.lane.forEach((lane, frame) => (lists[lane] ??= []).push(frame))
  const lanes = Array.from(lists, (list = []) => Int32Array.from(list).sort((left, right) => (frames.from[left] as number) - (frames.from[right] as number)))
  return { ...frames, lanes }
}

// The frame of a lane at a time, -1 where there is none; overlapping ones yield the later.
export function frameAt({ lanes, from, to }: Frames, lane: number, time: number, slack: number): number {
  const list = lanes[lane]
  if (!list) return -1
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((from[list[middle] as number] as number) <= time + slack) low = middle + 1
    else high = middle
  }
  for (let index = low - 1; index >= Math.max(0, low - 20); index -= 1) {
    const frame = list[index] as number
    if ((to[frame] as number) >= time - slack) return frame
  }
  return -1
}

export type Direction = 'up' | 'down' | 'left' | 'right'

// Keyboard: up to the parent, down to the widest child, sideways in the lane.
export function neighbour(frames: Frames, frame: number, direction: Direction): number {
  if (frame < 0) return frames.lanes[0]?.[0] ?? -1
  if (direction === 'up') return frames.parent[frame] as number
  if (direction === 'down') {
    let widest = -1
    for (let child = frame + 1; child < frames.parent.length; child += 1) {
      if (frames.parent[child] !== frame) continue
      if (widest < 0 || width(frames, child) > width(frames, widest)) widest = child
    }
    return widest
  }
  const list = frames.lanes[frames.lane[frame] as number] as Int32Array
  return list[list.indexOf(frame) + (direction === 'left' ? -1 : 1)] ?? -1
}

const width = ({ from, to }: Frames, frame: number): number => (to[frame] as number) - (from[frame] as number)
