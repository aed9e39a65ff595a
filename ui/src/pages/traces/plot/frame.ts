// Where times and durations lie on the plot, and back.
import type { Range } from '../../../time/range'
import { totalsOf, type Cell, type Dot } from './cells'
import type { Box, Region } from './region'

export const left = 60
export const bottom = 22
const top = 6

export interface Frame {
  width: number
  height: number
  length: number // nanoseconds of the range
  low: number // logarithms of durations at the bottom and at the top
  high: number
}

export interface Point {
  x: number
  y: number
}

export function frameOf(low: number, high: number, { from, to }: Range, width: number, height: number): Frame {
  const known = low > 0 && high > low && Number.isFinite(low)
  const [bottomLog, topLog] = known ? [Math.log10(low), Math.log10(high)] : [6, 9]
  // A few decades at least, so that two near levels do not fill the page.
  const spare = Math.max(0, 1.6 - (topLog - bottomLog)) / 2
  return { width, height, length: Number(to - from), low: Math.max(0, bottomLog - spare), high: topLog + spare }
}

export function boundsOf(cells: readonly Cell[], dots: readonly Dot[] | null): { low: number; high: number } {
  if (!dots) return totalsOf(cells)
  let [low, high] = [Number.POSITIVE_INFINITY, 0]
  for (const { duration } of dots) {
    low = Math.min(low, Math.max(1, duration))
    high = Math.max(high, duration)
  }
  return { low: low * 0.9, high: Math.max(low, high) * 1.1 }
}

export const xOf = (frame: Frame, at: number): number => left + (at / frame.length) * (frame.width - left)
export const yOf = (frame: Frame, duration: number): number =>
  top + (frame.height - bottom - top) * (1 - (Math.log10(Math.max(1, duration)) - frame.low) / (frame.high - frame.low))

export const atX = (frame: Frame, x: number): number => (clamp((x - left) / (frame.width - left)) * frame.length)
export const durationAt = (frame: Frame, y: number): number => 10 ** (frame.low + (1 - clamp((y - top) / (frame.height - bottom - top))) * (frame.high - frame.low))

const clamp = (share: number): number => Math.max(0, Math.min(1, share))

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export function cellRectangle(frame: Frame, cell: Cell): Rectangle {
  const x = Math.max(left, xOf(frame, cell.at))
  const y = yOf(frame, cell.high)
  return { x, y, width: Math.max(2.5, Math.min(frame.width, xOf(frame, cell.at + cell.width)) - x - 1), height: Math.max(2, yOf(frame, cell.low) - y - 1) }
}

export function cellAt(frame: Frame, cells: readonly Cell[], { x, y }: Point): Cell | undefined {
  return cells.find((cell) => {
    const box = cellRectangle(frame, cell)
    return x >= box.x && x <= box.x + box.width + 1 && y >= box.y && y <= box.y + box.height + 1
  })
}

const reach = 12

export function dotAt(frame: Frame, dots: readonly Dot[], { x, y }: Point): Dot | undefined {
  let [best, nearest]: [Dot | undefined, number] = [undefined, reach * reach]
  for (const dot of dots) {
    const [dx, dy] = [xOf(frame, dot.at) - x, yOf(frame, dot.duration) - y]
    const distance = dx * dx + dy * dy
    if (distance < nearest) [best, nearest] = [dot, distance]
  }
  return best
}

// Within this many pixels of an edge, a rectangle is open there.
const edge = 7

export function regionBetween(frame: Frame, range: Range, one: Point, other: Point): Region | null {
  const [x0, x1] = [Math.min(one.x, other.x), Math.max(one.x, other.x)]
  const [y0, y1] = [Math.min(one.y, other.y), Math.max(one.y, other.y)]
  const box: Box = {
    kind: 'box',
    from: x0 <= left + edge ? null : range.from + BigInt(Math.round(atX(frame, x0))),
    to: x1 >= frame.width - edge ? null : range.from + BigInt(Math.round(atX(frame, x1))),
    low: y1 >= frame.height - bottom - edge ? null : Math.round(durationAt(frame, y1)),
    high: y0 <= top + edge ? null : Math.round(durationAt(frame, y0)),
  }
  return box.from === null && box.to === null && box.low === null && box.high === null ? null : box
}

export function rectangleOf(frame: Frame, range: Range, box: Box): Rectangle {
  const x0 = box.from === null ? left : xOf(frame, Number(box.from - range.from))
  const x1 = box.to === null ? frame.width : xOf(frame, Number(box.to - range.from))
  const y0 = box.high === null ? top : yOf(frame, box.high)
  const y1 = box.low === null ? frame.height - bottom : yOf(frame, box.low)
  const [fromX, toX] = [Math.max(left, Math.min(x0, frame.width)), Math.max(left, Math.min(x1, frame.width))]
  const [fromY, toY] = [Math.max(top, y0), Math.min(frame.height - bottom, y1)]
  return { x: fromX, y: fromY, width: Math.max(0, toX - fromX), height: Math.max(0, toY - fromY) }
}

// The region that covers two cells and all between them.
export function regionOfCells(range: Range, one: Cell, other: Cell): Box {
  return {
    kind: 'box',
    from: range.from + BigInt(Math.min(one.at, other.at)),
    to: range.from + BigInt(Math.max(one.at + one.width, other.at + other.width)),
    low: Math.round(Math.min(one.low, other.low)),
    high: Math.round(Math.max(one.high, other.high)),
  }
}

export function regionOfDots(range: Range, one: Dot, other: Dot): Box {
  return {
    kind: 'box',
    from: range.from + BigInt(Math.min(one.at, other.at)),
    to: range.from + BigInt(Math.max(one.at, other.at) + 1),
    low: Math.min(one.duration, other.duration),
    high: Math.max(one.duration, other.duration) + 1,
  }
}

export type Step = 'left' | 'right' | 'up' | 'down'

// The next cell that way: of the same column above or below, of the nearest column beside it.
export function nextCell(cells: readonly Cell[], from: Cell | undefined, step: Step): Cell | undefined {
  if (!from) return cells.reduce<Cell | undefined>((most, cell) => (!most || cell.count > most.count ? cell : most), undefined)
  const sideways = step === 'left' || step === 'right'
  const sign = step === 'right' || step === 'up' ? 1 : -1
  let best: Cell | undefined
  const cost = (cell: Cell): number => {
    const [dt, dd] = [cell.at - from.at, Math.log2(cell.low / from.low)]
    if (sideways) return Math.sign(dt) === sign ? Math.abs(dt) / from.width + Math.abs(dd) / 100 : Number.POSITIVE_INFINITY
    return dt === 0 && Math.sign(dd) === sign ? Math.abs(dd) : Number.POSITIVE_INFINITY
  }
  let lowest = Number.POSITIVE_INFINITY
  for (const cell of cells) {
    const found = cost(cell)
    if (found < lowest) [best, lowest] = [cell, found]
  }
  return best ?? from
}

// Spans one by one: by time sideways, by duration up and down.
export function nextDot(dots: readonly Dot[], from: Dot | undefined, step: Step): Dot | undefined {
  if (!from) return dots.reduce<Dot | undefined>((most, dot) => (!most || dot.duration > most.duration ? dot : most), undefined)
  const of = step === 'left' || step === 'right' ? (dot: Dot) => dot.at : (dot: Dot) => dot.duration
  const sign = step === 'right' || step === 'up' ? 1 : -1
  let best: Dot | undefined
  for (const dot of dots) {
    const ahead = sign * (of(dot) - of(from))
    if (ahead > 0 && (!best || ahead < sign * (of(best) - of(from)))) best = dot
  }
  return best ?? from
}
